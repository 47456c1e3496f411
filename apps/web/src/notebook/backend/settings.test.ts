import { expect, it } from 'vitest'
import {
  mergeMetadata,
  parseSetting,
  settingsKey,
  settingsNews,
  settingsOf,
  withoutSettings,
  withSetting,
} from './settings'

const OTHER = { kernelspec: { name: 'mayfly' }, mayfly: { theirs: 1 } }

it('keeps a setting among the metadata of others, and takes it out again', () => {
  const set = withSetting(withSetting(OTHER, 'backend', 'aws_lambda'), 'budget', { usd: 0.5 })
  expect(set).toEqual({ ...OTHER, mayfly: { theirs: 1, backend: 'aws_lambda', budget: { usd: 0.5 } } })
  expect(settingsOf(set)).toEqual({ backend: 'aws_lambda', budget: { usd: 0.5 } })
  expect(withSetting(set, 'budget', undefined)).toEqual({ ...OTHER, mayfly: { theirs: 1, backend: 'aws_lambda' } })
  expect(withoutSettings(set)).toEqual(OTHER)
  expect(withoutSettings({ mayfly: { backend: 'x' } })).toEqual({})
})

it('shows nothing of what it does not understand', () => {
  expect(
    settingsOf({ mayfly: { backend: 3, workers: 'many', runtimeMemory: 1, budget: { usd: -1 }, storage: 's' } }),
  ).toEqual({
    storage: 's',
  })
  for (const mayfly of [undefined, null, 'x', []]) expect(settingsOf({ mayfly })).toEqual({})
})

it('tells by a key whether settings changed, whatever else did', () => {
  expect(settingsKey({ a: 1 })).toBe(settingsKey({ b: 2 }))
  expect(settingsKey(OTHER)).not.toBe(settingsKey(withSetting(OTHER, 'workers', 2)))
})

it('merges settings of two pages: what one changed is kept, what both changed is as the file has it', () => {
  const base = { ...OTHER, mayfly: { theirs: 1, workers: 2, storage: 'redis' } }
  const mine = { ...OTHER, mayfly: { theirs: 1, workers: 8, budget: { usd: 5 } } }
  const theirs = { ...base, author: 'x', mayfly: { ...base.mayfly, workers: 4, backend: 'aws_lambda' } }
  const merged = mergeMetadata(base, mine, theirs)
  expect(merged).toEqual({
    ...{ ...OTHER, author: 'x' },
    mayfly: { theirs: 1, workers: 4, backend: 'aws_lambda', budget: { usd: 5 } },
  })
  expect(mergeMetadata(base, theirs, mine).mayfly).toMatchObject({ workers: 8, backend: 'aws_lambda' })
  expect(mergeMetadata({}, {}, {})).toEqual({})
  expect(settingsNews(mine, merged)).toBe('where calls run: AWS Lambda; calls at a time: 4')
  expect(settingsNews(merged, withoutSettings(merged))).toContain('budget: as configured')
  expect(settingsNews(base, { ...base, author: 'x' })).toBeUndefined()
})

it.each([
  ['budget', '', {}],
  ['budget', ' 0,5 ', { value: 0.5 }],
  ['budget', '-1', { error: 'Not below 0.' }],
  ['workers', '1.5', { error: 'Give a whole number.' }],
  ['workers', 'x', { error: 'Give a number.' }],
  ['workers', '10001', { error: 'At most 10,000.' }],
  ['runtimeMemory', '16', { error: 'At least 32 MB.' }],
  ['runtimeMemory', '2048', { value: 2048 }],
] as const)('reads %s %j', (key, text, parsed) => {
  expect(parseSetting(key, text)).toEqual(parsed)
})
