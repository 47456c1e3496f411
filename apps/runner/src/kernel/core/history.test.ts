import { expect, test } from 'vitest'
import { History, selectHistory } from './history.js'

const entries = ['a = 1', 'b = 2', 'a = 1', 'b + 1'].map((source, i) => ({ session: 1, line: i + 1, source }))
const lines = (request: object) => selectHistory(entries, request, 1).map((row) => (row as [number, number])[1])

test('tail, range and search', () => {
  expect(lines({ hist_access_type: 'tail', n: 2 })).toEqual([3, 4])
  expect(lines({ hist_access_type: 'range', start: 2, stop: 4 })).toEqual([2, 3])
  expect(lines({ hist_access_type: 'search', pattern: 'a*', unique: false })).toEqual([1, 3])
  expect(lines({ hist_access_type: 'search', pattern: 'a*', unique: true })).toEqual([3])
  expect(lines({ hist_access_type: 'search', pattern: 'b ? 1' })).toEqual([4])
  expect(selectHistory(entries, { hist_access_type: 'tail', n: 1, output: true }, 1)).toEqual([[1, 4, ['b + 1', null]]])
})

test('lives of the kernel are told apart, and results are kept', () => {
  const history = new History()
  history.restart()
  history.add(1, 'a')
  history.setOutput(1, '5')
  history.restart()
  history.add(1, 'b')
  expect(history.select({ hist_access_type: 'tail', n: 5, output: true })).toEqual([
    [1, 1, ['a', '5']],
    [2, 1, ['b', null]],
  ])
  expect(history.select({ hist_access_type: 'range', session: -1 })).toEqual([[1, 1, 'a']])
  expect(history.select({ hist_access_type: 'range', session: 0 })).toEqual([[2, 1, 'b']])
  expect(history.select({ hist_access_type: 'range', session: 7 })).toEqual([])
})
