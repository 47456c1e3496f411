/** Captured data, encoded and decoded in one process: what V8 can compare, it must find the same. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.js'
import { capture } from './capture.js'
import { load, loader } from './load.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-closure-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function ship<T>(value: T, adorn = false): Promise<T> {
  // The extra function makes the encoder copy instead of leaving everything to V8.
  const holder = adorn ? { value, fn: () => 1 } : { value }
  const shipment = await bundle(capture(() => holder.value))
  const codeFile = join(folder, `${shipment.codeHash}.mjs`)
  writeFileSync(codeFile, shipment.code)
  const blobs = shipment.blobs.map(({ bytes }) => bytes)
  return (await load({ codeFile, data: shipment.data, blobs }))() as T
}

const data = fc.object({
  maxDepth: 4,
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
})

describe('captured data', () => {
  it.each([false, true])('comes out as it went in (copied: %s)', async (adorn) => {
    await fc.assert(
      fc.asyncProperty(data, async (value) => {
        const received = await ship(value, adorn)
        if (!isDeepStrictEqual(received, value)) expect(received).toEqual(value)
        expect(isDeepStrictEqual(received, value)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('keeps identity and cycles', async () => {
    const node: { list: unknown[]; self?: unknown; map: Map<unknown, unknown> } = { list: [], map: new Map() }
    node.self = node
    node.list.push(node, node.list)
    node.map.set(node, node.list)
    for (const adorn of [false, true]) {
      const received = await ship(node, adorn)
      expect(received.self).toBe(received)
      expect(received.list[0]).toBe(received)
      expect(received.list[1]).toBe(received.list)
      expect(received.map.get(received)).toBe(received.list)
    }
  })

  it('nests as deeply as it likes', async () => {
    let chain: { next?: unknown; n: number } = { n: 0 }
    for (let n = 1; n <= 20_000; n++) chain = { next: chain, n }
    const list: unknown[] = []
    for (let at: unknown = chain; at; at = (at as typeof chain).next) list.push(at)
    const received = await ship({ list, chain })
    expect(received.chain).toBe(received.list[0])
    expect((received.list[10] as typeof chain).next).toBe(received.list[11])
    let depth = 0
    for (let at: unknown = received.chain; at; at = (at as typeof chain).next) depth++
    expect(depth).toBe(20_001)
  })

  it('is taken at the moment of the capture', async () => {
    const state = { n: 1, big: new Float64Array(200_000) }
    const captured = capture(() => [state.n, state.big[7]])
    state.n = 2
    state.big[7] = 5
    const shipment = await bundle(captured)
    expect(shipment.blobs).toHaveLength(1)
    const codeFile = join(folder, 'moment.mjs')
    writeFileSync(codeFile, shipment.code)
    const fn = await load({ codeFile, data: shipment.data, blobs: shipment.blobs.map(({ bytes }) => bytes) })
    expect(fn()).toEqual([1, 0])
  })

  it('starts every call from what was captured', async () => {
    const counter = { n: 0, big: new Float64Array(200_000) }
    let calls = 0
    const shipment = await bundle(capture(() => [++counter.n, ++counter.big[0]!, ++calls]))
    const codeFile = join(folder, 'copy.mjs')
    writeFileSync(codeFile, shipment.code)
    const fn = await load({ codeFile, data: shipment.data, blobs: shipment.blobs.map(({ bytes }) => bytes) })
    expect([fn(), fn(), fn()]).toEqual([1, 2, 3].map(() => [1, 1, 1]))
  })

  it.each<[string, boolean, () => unknown]>([
    ['nothing', true, () => 1],
    [
      'constants and functions',
      true,
      (
        (k: number, f: () => number) => () =>
          k + f()
      )(1, () => 2),
    ],
    [
      'an object',
      false,
      (
        (o: object) => () =>
          o
      )({}),
    ],
    [
      'a variable it assigns to',
      false,
      (
        (k: number) => () =>
          ++k
      )(1),
    ],
    [
      'a function with properties',
      false,
      (
        (f: object) => () =>
          f
      )(Object.assign(() => 1, { k: 1 })),
    ],
  ])('knows whether copies are needed: %s', async (_, stateless, fn) => {
    const shipment = await bundle(capture(fn))
    const codeFile = join(folder, `${shipment.codeHash}.mjs`)
    writeFileSync(codeFile, shipment.code)
    const made = await loader({ codeFile, data: shipment.data })
    expect(made.stateless).toBe(stateless)
    expect(typeof made.instantiate()).toBe('function')
  })

  it('has the same hashes for the same function and data', async () => {
    const value = { a: [1, new Map([['k', new Set([2])]])], f: (x: number) => x }
    const make = () => () => value.f(1)
    const [first, second] = await Promise.all([make(), make()].map((fn) => bundle(capture(fn))))
    expect(second!.codeHash).toBe(first!.codeHash)
    expect(second!.dataHash).toBe(first!.dataHash)
    value.a.push(3)
    const third = await bundle(capture(make()))
    expect(third.codeHash).toBe(first!.codeHash)
    expect(third.dataHash).not.toBe(first!.dataHash)
  })

  it('refuses anything but a function', () => {
    expect(() => capture({})).toThrowError(expect.objectContaining({ code: 'E_CLOSURE_NOT_FUNCTION' }))
  })
})
