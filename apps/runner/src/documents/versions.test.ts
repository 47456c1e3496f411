import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { type Notebook, toNotebook } from '../nbformat.js'
import { Versions } from './versions.js'

const HOUR = 3_600_000
let home: string
let versions: Versions

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mayfly-versions-'))
  versions = new Versions(home)
})

function book(source: string, text = ''): Notebook {
  const data = { 'application/json': { transient: 'kept', text } }
  const outputs = text ? [{ output_type: 'display_data', data, metadata: {}, transient: { display_id: 'x' } }] : []
  return toNotebook({ nbformat: 4, metadata: { m: 1 }, cells: [{ id: 'a', cell_type: 'code', source, outputs }] }, '')
}

const objects = () => readdirSync(join(home, 'versions/a.ipynb/@/objects'))

test('what was kept comes back, without what only the living kernel needs; the same is kept once', async () => {
  const log = versions.of('a.ipynb')
  const [first, big] = [book('one'), book('two', 'x'.repeat(5000))]
  await log.keep(first, 'h1', 'autosave')
  await log.keep(book('one'), 'h1', 'autosave')
  await log.keep(big, 'h2', 'checkpoint')
  const list = await log.list()
  expect(list).toMatchObject([
    { cause: 'autosave', cells: 1, hash: 'h1', bytes: expect.any(Number), at: expect.any(Number) },
    { cause: 'checkpoint', hash: 'h2' },
  ])
  expect(Object.keys(list[0]!).sort()).toEqual(['at', 'bytes', 'cause', 'cells', 'hash', 'id'])
  expect(list[1]!.bytes).toBeGreaterThan(5000)
  expect(await log.read(list[0]!.id)).toEqual(first)
  const back = await log.read(list[1]!.id)
  expect(back.cells[0]!.outputs).toEqual([
    {
      output_type: 'display_data',
      metadata: {},
      data: { 'application/json': { transient: 'kept', text: 'x'.repeat(5000) } },
    },
  ])
  await expect(log.read('none')).rejects.toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }))
})

test('outputs that stay the same are stored once', async () => {
  const { outputs } = book('', 'y'.repeat(5000)).cells[0]!
  for (let i = 0; i < 5; i++) {
    const next = book(`v${i}`)
    next.cells[0]!.outputs = outputs!
    await versions.of('a.ipynb').keep(next, String(i), 'autosave')
  }
  expect(objects()).toHaveLength(6)
})

test('thinning drops versions and what only they needed', async () => {
  const log = versions.of('a.ipynb')
  const now = 500_000 * HOUR
  for (let i = 0; i < 6; i++)
    await log.keep(book(`v${i}`, `${i}`.repeat(3000)), String(i), 'autosave', now - 50 * HOUR + i)
  await log.keep(book('now'), 'now', 'autosave', now)
  expect((await log.list()).map(({ hash }) => hash)).toEqual(['5', 'now'])
  expect(objects()).toHaveLength(3)
  const kept = await log.read((await log.list())[0]!.id)
  expect(kept.cells[0]!.source).toBe('v5')
})

test('a torn end of the list and a damaged object cost only themselves', async () => {
  const log = versions.of('a.ipynb')
  await log.keep(book('one'), 'h1', 'autosave')
  appendFileSync(join(home, 'versions/a.ipynb/@/index.ndjson'), '\n{"id":"torn')
  const again = new Versions(home).of('a.ipynb')
  await again.keep(book('two'), 'h2', 'autosave')
  const list = await again.list()
  expect(list.map(({ hash }) => hash)).toEqual(['h1', 'h2'])
  for (const name of objects()) writeFileSync(join(home, 'versions/a.ipynb/@/objects', name), 'damaged')
  await expect(again.read(list[0]!.id)).rejects.toThrow(expect.objectContaining({ code: 'E_VERSION_DAMAGED' }))
  rmSync(join(home, 'versions'), { recursive: true })
  expect(await new Versions(home).of('a.ipynb').list()).toEqual([])
})

test('a history follows its notebook and folder, in place of another one', async () => {
  await versions.of('d/a.ipynb').keep(book('mine'), 'mine', 'autosave')
  await versions.of('e/b.ipynb').keep(book('other'), 'other', 'autosave')
  const late = versions.of('d/a.ipynb').keep(book('late'), 'late', 'autosave')
  await versions.follow('d', 'e')
  await late
  expect(await versions.of('d/a.ipynb').list()).toEqual([])
  expect(await versions.of('e/a.ipynb').list()).toMatchObject([{ hash: 'mine' }, { hash: 'late' }])
  await versions.of('e/a.ipynb').keep(book('next'), 'next', 'autosave')
  expect(await versions.of('e/a.ipynb').list()).toHaveLength(3)
  await versions.follow('none', 'e')
  expect(await versions.of('e/b.ipynb').list()).toEqual([])
})
