import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyValue } from '../../fixtures/odd-values.js'
import { tableHtml } from './html.js'
import { toAskedTable, toTable } from './table.js'

describe('toTable, of what a cell ends with', () => {
  test('records: columns are the union of keys, types are those of the values', () => {
    const day = new Date(Date.UTC(2026, 0, 2))
    const records = [
      { a: 1, b: 'x', d: day, e: { x: [1] } },
      { b: null, c: true },
      { a: Number.NaN, d: day, e: 4 },
    ]
    expect(toTable(records)).toEqual({
      columns: [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'string' },
        { name: 'd', type: 'date' },
        { name: 'e', type: 'json' },
        { name: 'c', type: 'boolean' },
      ],
      data: [
        [1, null, 'NaN'],
        ['x', null, null],
        ['2026-01-02T00:00:00.000Z', null, '2026-01-02T00:00:00.000Z'],
        [{ x: [1] }, null, 4],
        [null, true, null],
      ],
      rows: 3,
      shown: 3,
    })
  })

  test('numbers JSON lacks, and bigint', () => {
    const { data, columns } = toTable([{ n: -0 }, { n: Number.POSITIVE_INFINITY }, { n: 5n }, { n: 2n ** 70n }])!
    expect(data).toEqual([[0, 'Infinity', 5, '1180591620717411303424']])
    expect(columns[0]!.type).toBe('number')
  })

  test('columns: arrays and typed arrays of one length; single precision in its own digits', () => {
    const table = toTable({ mz: new Float32Array([0.1, 700.123]), name: ['a', 'b'] })!
    expect(table.data).toEqual([
      [0.1, 700.123],
      ['a', 'b'],
    ])
    for (const value of [{ a: [1], b: [1, 2] }, { a: 1, b: ['x'] }, { deep: [[1], [2]] }])
      expect(toTable(value)).toBeUndefined()
  })

  test('10,000 rows or 2 MB travel, all are counted', () => {
    const many = toTable(Array.from({ length: 12_345 }, (_, i) => ({ i })))!
    expect([many.data[0]!.length, many.shown, many.rows]).toEqual([10_000, 10_000, 12_345])
    const wide = toTable(Array.from({ length: 9000 }, () => ({ text: 'x'.repeat(900) })))!
    expect(wide.rows).toBe(9000)
    expect(JSON.stringify(wide).length).toBeLessThan(2.1e6)
    expect(wide.data[0]).toHaveLength(wide.shown)
    const columns = toTable([Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`c${i}`, i]))])!
    expect([columns.columns.length, columns.hiddenColumns]).toEqual([200, 300])
  })

  test('other shapes are no tables', () => {
    for (const value of [[], [1, 2], [{ a: 1 }, 2], [new Map()], {}, 'text', null, new Uint8Array(3), [[1]], new Map()])
      expect(toTable(value)).toBeUndefined()
  })
})

describe('toAskedTable, of display.table', () => {
  const rows = (data: unknown, options?: Mayfly.TableOptions) => {
    const { columns, data: cells } = toAskedTable(data, options)
    return Object.fromEntries(columns.map(({ name }, i) => [name, cells[i]]))
  }

  test('arrays of arrays, of values, and of instances', () => {
    expect(rows([[1, 'a'], [2]], { columns: ['n', 'name'] })).toEqual({ n: [1, 2], name: ['a', null] })
    expect(rows([3, 4])).toEqual({ value: [3, 4] })
    expect(rows(new Int8Array([5]))).toEqual({ value: [5] })
    class Row {
      constructor(readonly x: number) {}
    }
    expect(rows([new Row(1)])).toEqual({ x: [1] })
  })

  test('Map: of columns, of records, of values; Set and generators', () => {
    expect(
      rows(
        new Map([
          ['a', [1, 2]],
          ['b', [3, 4]],
        ]),
      ),
    ).toEqual({ a: [1, 2], b: [3, 4] })
    expect(rows(new Map([[7, { key: 1, n: 2 }]]))).toEqual({ '(key)': [7], key: [1], n: [2] })
    expect(rows(new Map([['a', 1]]))).toEqual({ key: ['a'], value: [1] })
    expect(rows(new Set([{ a: 1 }]))).toEqual({ a: [1] })
    const endless = toAskedTable(
      (function* () {
        for (let i = 0; ; i++) yield { i }
      })(),
    )
    expect([endless.rows, endless.more]).toEqual([10_000, true])
  })

  test('columns are chosen and ordered, rows limited, units and title added', () => {
    const table = toAskedTable(
      [
        { a: 1, b: 2 },
        { a: 3, b: 4 },
      ],
      { columns: ['b', 'a', 'none'], rows: 1, units: { a: 'Da' }, title: 'T' },
    )
    expect(table).toEqual({
      columns: [
        { name: 'b', type: 'number' },
        { name: 'a', type: 'number', unit: 'Da' },
      ],
      data: [[2], [1]],
      rows: 2,
      shown: 1,
      title: 'T',
    })
    expect(toAskedTable([]).rows).toBe(0)
  })

  test('whatever it is given: a TypeError or a table of equally long columns that is JSON', () => {
    fc.assert(
      fc.property(anyValue, ({ value }) => {
        let table: ReturnType<typeof toAskedTable>
        try {
          table = toAskedTable(value)
        } catch {
          return
        }
        expect(JSON.parse(JSON.stringify(table))).toEqual(table)
        for (const column of table.data) expect(column).toHaveLength(table.shown)
        expect(tableHtml(table)).toContain('<table>')
      }),
      { numRuns: 400 },
    )
  })
})

test('the HTML form is escaped, short, and says what it leaves out', () => {
  const table = toAskedTable(Array.from({ length: 50 }, () => ({ '<b>': '<script>"&' })))
  const html = tableHtml(table)
  expect(html).not.toContain('<script>')
  expect(html).toContain('<th>&#60;b&#62;</th>')
  expect(html).toContain('50 rows × 1 column, the first 20 shown')
})
