import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arrangeRows, columnFormat, columnWidth, condition, nextSort, type TableData, toDelimited } from './table-model'

const table: TableData = {
  columns: [
    { name: 'ion', type: 'string' },
    { name: 'mz', type: 'number', unit: 'Da' },
    { name: 'ok', type: 'boolean' },
  ],
  data: [
    ['C10H20', 'C2H4', 'C9H18'],
    [2.5, null, 10],
    [true, false, true],
  ],
}
const all = { filter: '', byColumn: {} }

describe('arrangeRows', () => {
  it('sorts numbers as numbers, text as people do, and empty values last both ways', () => {
    const sorted = (column: number, descending: boolean) => arrangeRows(table, { ...all, sort: { column, descending } })
    expect(sorted(1, false)).toEqual([0, 2, 1])
    expect(sorted(1, true)).toEqual([2, 0, 1])
    expect(sorted(0, false)).toEqual([1, 2, 0])
  })

  it('sorts numbers that came as text among the others, NaN last', () => {
    const odd: TableData = {
      columns: [{ name: 'x', type: 'number' }],
      data: [[1, 'NaN', 'Infinity', '-Infinity', '12345678901234567890']],
    }
    expect(arrangeRows(odd, { ...all, sort: { column: 0, descending: false } })).toEqual([3, 0, 4, 2, 1])
    expect(arrangeRows(odd, { ...all, sort: { column: 0, descending: true } })).toEqual([2, 4, 0, 3, 1])
  })

  it('filters by any column, regardless of case, and by single ones', () => {
    const filtered = (filter: string, byColumn: Record<number, string> = {}) => arrangeRows(table, { filter, byColumn })
    expect(filtered('c9')).toEqual([2])
    expect(filtered('true')).toEqual([0, 2])
    expect(filtered('nothing')).toEqual([])
    expect(filtered('', { 1: '>5' })).toEqual([2])
    expect(filtered('c1', { 2: 'true' })).toEqual([0])
    expect(filtered('', { 0: ' ', 2: '' })).toEqual([0, 1, 2])
  })

  it('never loses or doubles a row', () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.jsonValue())
    fc.assert(
      fc.property(
        fc.array(value),
        fc.boolean(),
        fc.constantFrom('number', 'json', 'string'),
        (values, descending, type) => {
          const one: TableData = { columns: [{ name: 'x', type: type as 'number' }], data: [values] }
          const order = arrangeRows(one, { ...all, sort: { column: 0, descending } })
          expect([...order].sort((a, b) => a - b)).toEqual(values.map((_, i) => i))
        },
      ),
    )
  })
})

it.each([
  ['> 5', 5, false],
  ['>= 5', 5, true],
  ['=5', 5, true],
  ['!=5', 5, false],
  ['< 1e-3', 0.0005, true],
  ['1..5', 3, true],
  ['-5..-1', -3, true],
  ['1..5', 6, false],
  ['> 5', null, false],
  ['2.5', 12.5, true],
  ['>', '>', true],
])('a column of numbers understands %j of %j', (text, value, passes) => {
  expect(condition(text, { columns: [{ name: 'x', type: 'number' }] }, 0)(value)).toBe(passes)
})

it('a column of dates compares days', () => {
  const passes = condition('>= 2026-03-01', { columns: [{ name: 'x', type: 'date' }] }, 0)
  expect(passes('2026-03-01T00:00:00.000Z')).toBe(true)
  expect(passes('2026-02-28T23:00:00.000Z')).toBe(false)
})

it('a head steps through ascending, descending and none', () => {
  const first = nextSort(undefined, 2)
  expect(first).toEqual({ column: 2, descending: false })
  const second = nextSort(first, 2)
  expect(second).toEqual({ column: 2, descending: true })
  expect(nextSort(second, 2)).toBeUndefined()
  expect(nextSort(second, 1)).toEqual({ column: 1, descending: false })
})

it('writes a column with one number of digits', () => {
  const numbers = [0.05, 1, 0.125, null]
  const write = columnFormat(numbers, 'number')
  expect([0.05, 1, null, 0.125].map(write)).toEqual(['0.050', '1.000', '', '0.125'])
  expect(columnFormat([1, 20], 'number')(20)).toBe('20')
  expect(columnFormat([1.5e-9, 2], 'number')(1.5e-9)).toBe('1.500e-9')
  expect(columnFormat([300.123456789], 'number')(300.123456789)).toBe('300.1235')
  expect(columnFormat(['NaN'], 'number')('NaN')).toBe('NaN')
})

it('writes days without a time, and times without zeros', () => {
  const days = ['2026-03-01T00:00:00.000Z', null]
  expect(columnFormat(days, 'date')(days[0])).toBe('2026-03-01')
  const times = [...days, '2026-03-01T12:30:00.000Z']
  expect(times.map(columnFormat(times, 'date'))).toEqual(['2026-03-01 00:00:00', '', '2026-03-01 12:30:00'])
})

it('writes what a spreadsheet reads', () => {
  const odd: TableData = {
    columns: [
      { name: 'a', type: 'string' },
      { name: 'b', type: 'json', unit: 'm' },
    ],
    data: [
      ['say "hi"', 'x,y\nz', 'tab\there'],
      [{ k: 1 }, null, [1, 2]],
    ],
  }
  expect(toDelimited(odd, [0, 1, 2], ',')).toBe('a,b (m)\r\n"say ""hi""","{""k"":1}"\r\n"x,y\nz",\r\ntab\there,"[1,2]"')
  expect(toDelimited(odd, [2, 1], '\t')).toBe('a\tb (m)\ntab here\t[1,2]\nx,y z\t')
})

it('measures columns by their head and their values', () => {
  expect(columnWidth({ name: 'x', type: 'string' }, ['abcdefgh'], String)).toBe(8)
  expect(columnWidth({ name: 'x'.repeat(99), type: 'string' }, [], String)).toBe(44)
})
