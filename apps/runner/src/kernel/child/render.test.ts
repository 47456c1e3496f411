import { TABLE_MIME } from '@mayfly/executor/events'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { anyValue, ODD } from '../fixtures/odd-values.js'
import { makeDisplay, type Outlet } from './display.js'
import { cleanBundle, toBundle } from './render.js'
import { toJson } from './values/json.js'

const quiet: Outlet = { show: () => {}, clear: () => {}, owner: () => 1, onInterrupt: () => () => {} }

describe('toBundle', () => {
  test('text is always there; a table or an image beside it', () => {
    expect(toBundle(5)).toEqual({ 'text/plain': '5' })
    expect(Object.keys(toBundle([{ a: 1 }]))).toEqual([TABLE_MIME, 'text/html', 'text/plain'])
    expect(toBundle(new Uint8Array([0xff, 0xd8, 0xff, 0]))).toMatchObject({ 'image/jpeg': '/9j/AA==' })
  })

  test('text of the usual values', () => {
    class Point {
      constructor(
        readonly x: number,
        readonly y: number,
      ) {}
    }
    const text = (value: unknown) => (toBundle(value) as Record<string, unknown>)['text/plain']
    expect(text(new Point(1, 2))).toBe('Point { x: 1, y: 2 }')
    expect(text(new Map([['a', new Set([1])]]))).toBe("Map(1) { 'a' => Set(1) { 1 } }")
    expect(text(Point)).toBe('[class Point]')
    expect(text(Promise.resolve(4))).toBe('Promise { 4 }')
    expect(text(new RangeError('far'))).toMatch(/^RangeError: far\n {4}at /)
    expect(text(Array.from({ length: 1e6 }, (_, i) => i))).toMatch(/999900 more items\n\]$/)
    expect(text(new Float64Array([1, 2, 3, 4, 5, 6, 7, Number.NaN]))).toMatch(/\]\n {2}min 1 · max 7 · mean 4 · 1 NaN$/)
    const dictionary = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key${i}`, i]))
    expect(text(dictionary)).toMatch(/ {2}key99: 99,\n {2}… 4,900 more properties\n\}$/)
    expect(text('x'.repeat(20_000))).toMatch(/10000 more characters$/)
  })

  test('a value shows itself by its method, and its text stands beside', async () => {
    const own = { [Symbol.for('mayfly.display')]: () => ({ 'text/html': '<b>1</b>' }) }
    expect(toBundle(own)).toMatchObject({ 'text/html': '<b>1</b>', 'text/plain': expect.any(String) })
    const deno = { [Symbol.for('Jupyter.display')]: async () => ({ 'image/png': new Uint8Array([1, 2]) }) }
    expect(await toBundle(deno)).toMatchObject({ 'image/png': 'AQI=' })
    expect(toBundle({ toHTML: () => '<i>x</i>' })).toMatchObject({ 'text/html': '<i>x</i>' })
    expect(toBundle({ nodeType: 1, outerHTML: '<svg viewBox="0 0 1 1"></svg>' })).toMatchObject({
      'image/svg+xml': expect.any(String),
    })
  })

  test('a method that fails is told of, and does not fail the cell', async () => {
    const failing = {
      [Symbol.for('mayfly.display')]: () => {
        throw new TypeError('oops')
      },
    }
    expect((toBundle(failing) as Record<string, string>)['text/plain']).toMatch(
      /display method failed: TypeError: oops/,
    )
    expect((await toBundle({ toMime: async () => 'text' }))['text/plain']).toMatch(/expected a MIME bundle/)
  })

  test('whatever the value: no throw, and a bundle that travels', async () => {
    for (const make of ODD) await travels(make())
    await fc.assert(
      fc.asyncProperty(anyValue, ({ value }) => travels(value)),
      { numRuns: 400 },
    )
  })
})

async function travels(value: unknown): Promise<void> {
  const bundle = await toBundle(value)
  expect(bundle['text/plain']).toBeTypeOf('string')
  const copy = structuredClone(bundle)
  expect(JSON.parse(JSON.stringify(copy))).toEqual(copy)
  const json = toJson(value)
  expect(JSON.parse(JSON.stringify(json))).toEqual(json)
}

describe('display', () => {
  test('odd values: forms that take anything never throw', () => {
    const display = makeDisplay(quiet)
    fc.assert(
      fc.property(anyValue, ({ value }) => {
        display(value)
        display.json(value)
        display.text(value)
      }),
      { numRuns: 200 },
    )
  })

  test('a handle replaces and empties its place; the last of several bundles in the making wins', async () => {
    const show = vi.fn()
    const handle = makeDisplay({ ...quiet, show })(1)
    handle.update(2)
    handle.update({ toMime: () => new Promise((resolve) => setTimeout(resolve, 20, { 'text/plain': 'late' })) })
    handle.update(3)
    handle.clear()
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(show.mock.calls.map(([data, , id, update]) => [data['text/plain'], id === handle.id, update])).toEqual([
      ['1', true, false],
      ['2', true, true],
      ['3', true, true],
      ['', true, true],
    ])
  })

  test('what is no PNG, bundle, table or total is refused before anything is shown', () => {
    const show = vi.fn()
    const display = makeDisplay({ ...quiet, show })
    for (const wrong of [
      () => display.png('no base64'),
      () => display.png(new Uint8Array(4)),
      () => display.mime('text' as never),
      () => display.table(5),
      () => display.progress({} as never),
      () => display.progress(-1),
    ])
      expect(wrong).toThrow(TypeError)
    expect(show).not.toHaveBeenCalled()
  })

  test('cleanBundle: bytes become base64, JSON loses what JSON lacks', () => {
    expect(
      cleanBundle({ 'image/png': new Uint8Array([1]), 'application/json': { a: 1n, b: Number.NaN }, x: undefined }),
    ).toEqual({
      'image/png': 'AQ==',
      'application/json': { a: '1', b: 'NaN' },
    })
  })
})
