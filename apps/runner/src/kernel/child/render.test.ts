import { TABLE_MIME } from '@mayfly/executor/events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toBundle, toTable } from './render.js'

describe('toTable', () => {
  test('records: columns are the union of keys, types are those of the values', () => {
    expect(toTable([{ a: 1, b: 'x' }, { b: null, c: true }, { a: Number.NaN }])).toEqual({
      columns: [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'string' },
        { name: 'c', type: 'boolean' },
      ],
      rows: [
        [1, 'x', null],
        [null, null, true],
        ['NaN', null, null],
      ],
      total: 3,
    })
  })

  test('columns: arrays and typed arrays of one length', () => {
    const table = toTable({ mz: new Float64Array([1.5, 2]), name: ['a', 'b'] })
    expect(table?.rows).toEqual([
      [1.5, 'a'],
      [2, 'b'],
    ])
    expect(toTable({ a: [1], b: [1, 2] })).toBeUndefined()
    expect(toTable({ a: 1, b: ['x'] })).toBeUndefined()
    expect(toTable({ deep: [[1], [2]] })).toBeUndefined()
  })

  test('first rows travel, all are counted', () => {
    const table = toTable(Array.from({ length: 1234 }, (_, i) => ({ i })))!
    expect([table.rows.length, table.total]).toEqual([200, 1234])
  })

  test('minus zero is zero', () => {
    expect(toTable([{ a: -0 }])!.rows).toEqual([[0]])
  })

  test('other shapes are no tables', () => {
    for (const value of [[], [1, 2], [{ a: 1 }, 2], [new Map()], {}, 'text', null, new Uint8Array(3), [[1]]]) {
      expect(toTable(value)).toBeUndefined()
    }
  })

  test('any records give JSON that fits the columns', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.anything()), { minLength: 1, maxLength: 20 }), (records) => {
        const table = toTable(records.map((record) => ({ ...record })))
        if (!table) return
        expect(JSON.parse(JSON.stringify(table))).toEqual(table)
        for (const row of table.rows) expect(row).toHaveLength(table.columns.length)
      }),
    )
  })
})

test('text is always there; a table or an image beside it', () => {
  expect(toBundle(5)).toEqual({ 'text/plain': '5' })
  expect(Object.keys(toBundle([{ a: 1 }]))).toEqual(['text/plain', TABLE_MIME])
  expect(toBundle(new Uint8Array([0xff, 0xd8, 0xff, 0]))).toMatchObject({ 'image/jpeg': '/9j/AA==' })
  expect(() =>
    toBundle(
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('trap')
          },
        },
      ),
    ),
  ).not.toThrow()
})
