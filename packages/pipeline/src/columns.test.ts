import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Columns, decodeColumns, encodeColumns, openColumns } from './columns.js'

const reader = (bytes: Uint8Array) => async (start: number, end: number) => bytes.subarray(start, end)
const finite = fc.array(fc.double({ noNaN: true }), { maxLength: 50 })
const columns = fc.record({
  'a b': finite.map((values) => Float64Array.from(values)),
  f32: finite.map((values) => Float32Array.from(values)),
  u32: fc.array(fc.nat(), { maxLength: 50 }).map((values) => Uint32Array.from(values)),
  i32: fc.array(fc.integer(), { maxLength: 50 }).map((values) => Int32Array.from(values)),
  u8: fc.uint8Array({ maxLength: 50 }).map((values) => new Uint8Array(values)),
  text: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 20 }),
  ascii: fc.array(fc.constantFrom('', 'CH4', 'C6H12O6'), { maxLength: 200 }),
})

describe('columns', () => {
  it('come back as they went in, whole or column by column, from any alignment', async () => {
    await fc.assert(
      fc.asyncProperty(columns, fc.nat(7), async (table: Columns, shift) => {
        const encoded = encodeColumns(table)
        const moved = new Uint8Array(encoded.length + shift).subarray(shift)
        moved.set(encoded)
        expect(decodeColumns(moved)).toEqual(table)
        const opened = await openColumns(reader(moved))
        for (const [name, column] of Object.entries(table)) {
          expect(opened.length(name)).toBe(column.length)
          expect(await opened.column(name)).toEqual(column)
        }
      }),
    )
  })

  it('reads rows', async () => {
    const mz = Float64Array.from({ length: 1000 }, (_, i) => i / 7)
    const table = await openColumns(reader(encodeColumns({ px: Uint32Array.of(1, 2, 3), mz })))
    expect(await table.slice('mz', 500, 600)).toEqual(mz.slice(500, 600))
    expect(await table.slice('mz', 7, 7)).toEqual(new Float64Array(0))
  })

  it('reads headers longer than the first request', async () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`column ${i}`, Uint8Array.of(i & 255)]))
    expect(await (await openColumns(reader(encodeColumns(many)))).column('column 299')).toEqual(
      Uint8Array.of(299 & 255),
    )
  })

  it('refuses what is no table, and columns that are not there', async () => {
    const bad = expect.objectContaining({ code: 'E_COLUMNS_FORMAT' })
    expect(() => decodeColumns(new TextEncoder().encode('hello world'))).toThrowError(bad)
    expect(() => decodeColumns(new Uint8Array(3))).toThrowError(bad)
    const table = await openColumns(reader(encodeColumns({ a: Uint8Array.of(1) })))
    await expect(table.column('b')).rejects.toThrowError(bad)
  })
})
