/** Variables of a real kernel: what is listed, that nothing runs, and while cells run. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Client, gate, openKernel } from './fixtures/client.js'

let client: Client

beforeAll(async () => {
  client = await openKernel()
})
afterAll(() => client.kernel.shutdown())

const list = async () => (await client.kernel.variables()).variables
const one = async (name: string) => (await list()).find((variable) => variable.name === name)

describe('the list', () => {
  test('every form of declaration, in order, with its cell', async () => {
    const before = await list()
    expect(before).toEqual([])
    await client.run(`import { sep } from 'node:path'
let a = 1
const b: string = 'two'
var c = [1, 2, 3]
function d(x: number) { return x }
class E {}
enum F { One }
const { g, ...h } = { g: 1n, i: 2 }
implicit = new Map([['k', 1]])
interface Gone {}`)
    await client.run('const later = 1')
    const found = await list()
    expect(found.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'import sep',
      'let a',
      'const b',
      'var c',
      'function d',
      'class E',
      'enum F',
      'const g',
      'const h',
      'const later',
      'var implicit',
    ])
    expect(new Set(found.slice(0, 9).map(({ cellId }) => cellId)).size).toBe(1)
    expect(found[9]!.cellId).not.toBe(found[0]!.cellId)
    expect(found.find(({ name }) => name === 'implicit')!.cellId).toBeUndefined()
  })

  test('types, lengths, shapes, sizes, previews', async () => {
    await client.run(`const big = new Float64Array(1000); const matrix = [[1, 2, 3], [4, 5, 6]]; const records = [{ a: 1 }, { a: 2 }]
const table = { mz: new Float32Array(5), name: ['a', 'b', 'c', 'd', 'e'] }; const text = 'x'.repeat(500); const nothing = undefined
class Point { constructor(public x: number, public y: number) {} }; const p = new Point(1, 2); const arrow = (q: number) => q * 2
const tags = new Set(['s']); const when = new Date(0); const fault = new RangeError('far'); const many = Array.from({ length: 1e5 }, (_, i) => 'text ' + i)`)
    expect(await one('big')).toMatchObject({
      type: 'Float64Array',
      length: 1000,
      bytes: 8000,
      preview: expect.stringMatching(/^Float64Array\(1000\) \[0, 0, .*…\]$/),
    })
    expect(await one('matrix')).toMatchObject({
      type: 'Array[]',
      length: 2,
      shape: [2, 3],
      preview: '[[1, 2, 3], [4, 5, 6]]',
    })
    expect(await one('records')).toMatchObject({ type: 'object[]', preview: '[{ a: 1 }, { a: 2 }]', expandable: true })
    expect(await one('table')).toMatchObject({ type: 'Object', shape: [5, 2] })
    expect(await one('text')).toMatchObject({ type: 'string', length: 500, bytes: 512, expandable: false })
    expect(await one('nothing')).toMatchObject({ type: 'undefined', preview: 'undefined' })
    expect(await one('p')).toMatchObject({ type: 'Point', preview: 'Point { x: 1, y: 2 }' })
    expect(await one('Point')).toMatchObject({ type: 'class', kind: 'class', preview: 'class Point' })
    expect(await one('arrow')).toMatchObject({ type: 'function', preview: '(q) =>' })
    expect(await one('tags')).toMatchObject({ type: 'Set', length: 1, preview: "Set(1) { 's' }" })
    expect(await one('when')).toMatchObject({ type: 'Date', preview: '1970-01-01T00:00:00.000Z' })
    expect(await one('fault')).toMatchObject({ type: 'RangeError', preview: 'RangeError: far' })
    const bytes = (await one('many'))!.bytes!
    expect(bytes).toBeGreaterThan(2e6)
    expect(bytes).toBeLessThan(4e6)
  })

  test('looking runs nothing: no getter, no trap, no method', async () => {
    await client.run(`let touched: string[] = []
const trap = new Proxy({}, { get(_, k) { touched.push('get ' + String(k)); return 1 }, ownKeys() { touched.push('keys'); return [] }, getPrototypeOf() { touched.push('proto'); return null } })
const getters = { get x() { touched.push('x'); return 1 }, get [Symbol.toStringTag]() { touched.push('tag'); return 't' }, y: trap }
class Sly extends Map { get size() { touched.push('size'); return 9 } [Symbol.iterator]() { touched.push('iterator'); return super[Symbol.iterator]() } }
const sly = new Sly([[1, getters]]); const custom = { [Symbol.for('nodejs.util.inspect.custom')]() { touched.push('inspect'); return '' }, toJSON() { touched.push('json') } }
Object.defineProperty(globalThis, 'live', { get() { touched.push('live'); return 1 }, enumerable: true, configurable: true })`)
    expect(await one('getters')).toMatchObject({ preview: '{ x: (…), y: Proxy }' })
    expect(await one('trap')).toMatchObject({ type: 'Proxy', expandable: false })
    expect(await one('sly')).toMatchObject({ type: 'Sly', length: 1 })
    expect(await one('live')).toMatchObject({ type: 'accessor', preview: '(…)' })
    for (const name of ['getters', 'trap', 'sly', 'custom']) await client.kernel.variable(name)
    await expect(client.kernel.variable('live')).rejects.toMatchObject({ code: 'E_VARIABLE_UNKNOWN' })
    await client.ask('complete_request', { code: 'getters.', cursor_pos: 8 })
    for (const name of ['getters', 'sly', 'custom'])
      await client.ask('inspect_request', { code: name, cursor_pos: 1, detail_level: 1 })
    expect((await client.run('touched')).text).toBe('[]')
    await client.run('delete globalThis.live')
  })

  test('names that stand in for globals, and names a failed cell never reached', async () => {
    await client.run('const URL = "mine"')
    expect(await one('URL')).toMatchObject({ kind: 'const', preview: "'mine'" })
    expect((await client.kernel.variable('URL')).value.preview).toBe("'mine'")
    await client.run('let reached = 1; throw new Error("stop"); let unreached = 2')
    expect(await one('reached')).toMatchObject({ preview: '1' })
    expect(await one('unreached')).toBeUndefined()
    expect((await list()).map(({ name }) => name).filter((name) => name.includes('__nb'))).toEqual([])
  })

  test('while a cell waits the list is live; while it computes, the one of before is given as busy', async () => {
    await client.run('let progress = 0')
    const looked = gate()
    const waiting = client.start(`progress = 1; console.log('in'); ${looked.awaits}; progress = 2`)
    await waiting.says('in')
    // The list is waited for but for a moment, in which a busy machine may not give it.
    const live = await vi.waitFor(
      async () => {
        const found = await client.kernel.variables()
        expect(found.busy).toBe(false)
        return found.variables
      },
      { timeout: 30_000 },
    )
    expect(live.find(({ name }) => name === 'progress')!.preview).toBe('1')
    looked.open()
    await waiting.result
    const { at } = await client.kernel.variables()
    const asked = gate()
    const computing = client.start(`progress = 3; console.log('in'); ${asked.computes}`)
    await computing.says('in')
    const busy = await client.kernel.variables()
    expect(busy).toMatchObject({ busy: true, at })
    expect(busy.variables.find(({ name }) => name === 'progress')!.preview).toBe('2')
    await expect(client.kernel.variable('progress')).rejects.toMatchObject({ code: 'E_KERNEL_BUSY' })
    asked.open()
    await computing.result
    expect((await one('progress'))!.preview).toBe('3')
  })
})

describe('children', () => {
  test('of objects, arrays, Maps, Sets and errors; by pages; deep', async () => {
    await client.run(`const tree = { list: Array.from({ length: 250 }, (_, i) => ({ i })), map: new Map<unknown, unknown>([[{ k: 1 }, [7]], ['s', 2]]), set: new Set(['v']), get g() { return 1 }, self: null as unknown }
tree.self = tree`)
    const root = await client.kernel.variable('tree')
    expect(root.children.map(({ key, type }) => [key, type])).toEqual([
      ['list', 'object[]'],
      ['map', 'Map'],
      ['set', 'Set'],
      ['g', 'accessor'],
      ['self', 'Object'],
    ])
    const list = await client.kernel.variable('tree', ['list'], 200)
    expect([list.from, list.total, list.children.length, list.children[0]]).toMatchObject([
      200,
      250,
      50,
      { key: 200, label: '200', preview: '{ i: 200 }' },
    ])
    const map = await client.kernel.variable('tree', ['map'])
    expect(map.children.map(({ key, label, preview }) => [key, label, preview])).toEqual([
      [0, '{ k: 1 }', '[7]'],
      [1, "'s'", '2'],
    ])
    expect((await client.kernel.variable('tree', ['self', 'self', 'map', 0, 0])).value.preview).toBe('7')
    expect((await client.kernel.variable('tree', ['set'])).children).toMatchObject([{ key: 0, preview: "'v'" }])
    for (const path of [['none'], ['g'], ['list', 250], ['list', 'length', 'x']])
      await expect(client.kernel.variable('tree', path)).rejects.toMatchObject({ code: 'E_VARIABLE_UNKNOWN' })
    await expect(client.kernel.variable('nowhere')).rejects.toMatchObject({ code: 'E_VARIABLE_UNKNOWN' })
    await expect(client.kernel.variable('process.exit(3)')).rejects.toMatchObject({ code: 'E_VARIABLE_UNKNOWN' })
  })

  test('a restart forgets them', async () => {
    await client.kernel.restart()
    expect(await client.kernel.variables()).toMatchObject({ busy: false, variables: [] })
  })
})
