import { expect, test } from 'vitest'
import { selectHistory } from './history.js'

const entries = ['a = 1', 'b = 2', 'a = 1', 'b + 1'].map((source, i) => ({ line: i + 1, source }))
const lines = (request: object) => selectHistory(entries, request).map((row) => (row as [number, number])[1])

test('tail, range and search', () => {
  expect(lines({ hist_access_type: 'tail', n: 2 })).toEqual([3, 4])
  expect(lines({ hist_access_type: 'range', start: 2, stop: 4 })).toEqual([2, 3])
  expect(lines({ hist_access_type: 'search', pattern: 'a*', unique: false })).toEqual([1, 3])
  expect(lines({ hist_access_type: 'search', pattern: 'a*', unique: true })).toEqual([3])
  expect(lines({ hist_access_type: 'search', pattern: 'b ? 1' })).toEqual([4])
  expect(selectHistory(entries, { hist_access_type: 'tail', n: 1, output: true })).toEqual([[0, 4, ['b + 1', null]]])
})
