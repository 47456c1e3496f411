import { expect, it } from 'vitest'
import { newCell } from './document'
import { type FindOptions, findAll, patternOf, replaceIn } from './find'

const cells = {
  a: newCell('code', 'a', 'const mz = 1\nmz + MZ'),
  b: newCell('markdown', 'b', 'The mzs: $mz$'),
}
const options: FindOptions = { text: 'mz', matchCase: false, wholeWord: false, regex: false }
const count = (change: Partial<FindOptions>) => {
  const pattern = patternOf({ ...options, ...change })
  return pattern instanceof RegExp ? findAll(['a', 'b'], cells, pattern).length : pattern
}

it('finds in all cells, as wide or narrow as asked', () => {
  expect(count({})).toBe(5)
  expect(count({ matchCase: true })).toBe(4)
  expect(count({ wholeWord: true })).toBe(4)
  expect(count({ text: '$mz$' })).toBe(1)
  expect(count({ text: '^m.', regex: true })).toBe(1)
  expect(count({ text: 'x*', regex: true })).toBe(0)
  expect(count({ text: '' })).toBeUndefined()
  expect(count({ text: '(', regex: true })).toMatch(/Unterminated group/)
})

it('replaces what was found and nothing else', () => {
  const pattern = patternOf(options) as RegExp
  const all = findAll(['a'], cells, pattern)
  expect(replaceIn(cells.a.source, all, pattern, '$1', false)).toBe('const $1 = 1\n$1 + $1')
  expect(replaceIn(cells.a.source, all.slice(1, 2), pattern, 'x', false)).toBe('const mz = 1\nx + MZ')
  const grouped = patternOf({ ...options, text: '(m)(z)', regex: true }) as RegExp
  expect(replaceIn('mz', findAll(['a'], { a: newCell('code', 'a', 'mz') }, grouped), grouped, '$2$1', true)).toBe('zm')
})
