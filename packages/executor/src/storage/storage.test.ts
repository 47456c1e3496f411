import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { isCloudObject } from './cloud-object.js'
import { checkKey } from './keys.js'
import { Storage } from './storage.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-storage-'))
const storage = new Storage({ home })
const bytes = (...values: number[]) => new Uint8Array(values)

afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('Storage', () => {
  it('gives back what was put, also text, empty bodies and views of larger buffers', async () => {
    await storage.putObject('b', 'x/text', 'süß')
    expect(Buffer.from(await storage.getObject('b', 'x/text')).toString()).toBe('süß')
    await storage.putObject('b', 'x/empty', new Uint8Array())
    expect((await storage.getObject('b', 'x/empty')).byteLength).toBe(0)
    await storage.putObject('b', 'x/view', bytes(1, 2, 3, 4).subarray(1, 3))
    expect(await storage.getObject('b', 'x/view')).toEqual(bytes(2, 3))
    await storage.putObject('b', 'x/large', new Uint8Array(3_000_000).fill(9))
    const large = await storage.getObject('b', 'x/large')
    expect([large.byteLength, large.byteOffset, large[2_999_999]]).toEqual([3_000_000, 0, 9])
  })

  it('reads any range as HTTP means it', async () => {
    const body = Uint8Array.from({ length: 50 }, (_, i) => i)
    await storage.putObject('b', 'range', body)
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.option(fc.nat(60), { nil: undefined }), async (start, length) => {
        const range = length === undefined ? { start } : { start, end: start + length }
        expect(await storage.getObject('b', 'range', { range })).toEqual(body.slice(start, (range.end ?? 49) + 1))
      }),
    )
    expect(await storage.getObject('b', 'range', { range: { start: -3 } })).toEqual(bytes(47, 48, 49))
    await expect(storage.getObject('b', 'range', { range: { start: 5, end: 2 } })).rejects.toMatchObject({
      code: 'E_STORAGE_RANGE',
    })
  })

  it('streams an object and a range of it', async () => {
    await storage.putObject('b', 'stream', 'abcdefgh')
    const read = async (options = {}) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of await storage.streamObject('b', 'stream', options)) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    }
    expect(await read()).toBe('abcdefgh')
    expect(await read({ range: { start: 2, end: 4 } })).toBe('cde')
  })

  it('lets exactly one conditional writer win, and keeps its bytes', async () => {
    const writers = Array.from({ length: 20 }, (_, i) =>
      storage.putObject('b', 'once', `writer ${i}`, { ifNoneMatch: '*' }).then(() => i),
    )
    const outcomes = await Promise.allSettled(writers)
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(winners).toHaveLength(1)
    expect(Buffer.from(await storage.getObject('b', 'once')).toString()).toBe(`writer ${winners[0]}`)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'E_STORAGE_EXISTS' })
    }
  })

  it('never shows a part of an object', async () => {
    const versions = [new Uint8Array(400_000).fill(1), new Uint8Array(300_000).fill(2)]
    await storage.putObject('b', 'atomic', versions[0]!)
    const writing = (async () => {
      for (let i = 0; i < 30; i++) await storage.putObject('b', 'atomic', versions[i % 2]!)
    })()
    for (let i = 0; i < 60; i++) {
      const seen = await storage.getObject('b', 'atomic')
      const expected = versions[seen[0]! - 1]!
      expect(Buffer.compare(seen, expected)).toBe(0)
    }
    await writing
  })

  it('lists by prefix, in order, without temporary files', async () => {
    for (const key of ['l/b', 'l/a/2', 'l/a/1', 'l/ab', 'm']) await storage.putObject('lists', key, key)
    writeFileSync(join(home, 'storage', 'lists', 'l', '.tmp-1-x'), '')
    expect(await storage.listKeys('lists', 'l/')).toEqual(['l/a/1', 'l/a/2', 'l/ab', 'l/b'])
    expect(await storage.listKeys('lists', 'l/a')).toEqual(['l/a/1', 'l/a/2', 'l/ab'])
    expect(await storage.listKeys('lists')).toHaveLength(5)
    expect(await storage.listKeys('lists', 'nothing/')).toEqual([])
  })

  it('deletes objects and leaves no empty folders; deleting nothing is fine', async () => {
    await storage.putObject('d', 'a/b/c', 'x')
    await storage.deleteObject('d', 'a/b/c')
    await storage.deleteObject('d', 'a/b/c')
    expect(await readdir(join(home, 'storage', 'd'))).toEqual([])
    await expect(storage.headObject('d', 'a/b/c')).rejects.toMatchObject({ code: 'E_STORAGE_NOT_FOUND' })
    await expect(storage.getObject('d', 'a')).rejects.toMatchObject({ code: 'E_STORAGE_NOT_FOUND' })
  })

  it('passes references to objects as plain values', async () => {
    const object = await storage.putCloudObject(bytes(5, 6))
    const copy: unknown = JSON.parse(JSON.stringify(object))
    expect(isCloudObject(copy)).toBe(true)
    expect(object).toMatchObject({ bucket: 'mayfly', size: 2 })
    expect(await storage.getCloudObject(object, { range: { start: 1 } })).toEqual(bytes(6))
    await storage.deleteCloudObjects([object])
    await expect(storage.getCloudObject(object)).rejects.toMatchObject({ code: 'E_STORAGE_NOT_FOUND' })
  })

  it('copies files in and out', async () => {
    const [from, to] = [join(home, 'from'), join(home, 'to')]
    writeFileSync(from, 'content')
    expect(await storage.uploadFile(from, 'f', 'up')).toMatchObject({ size: 7 })
    await storage.downloadFile('f', 'up', to)
    expect(Buffer.from(await storage.getObject('f', 'up')).toString()).toBe('content')
  })
})

describe('keys', () => {
  it('never lead out of their bucket', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[./\\a%]{0,12}$/)), (key) => {
        try {
          checkKey(key)
        } catch {
          return
        }
        expect(storage.path('b', key).startsWith(join(home, 'storage', 'b') + sep)).toBe(true)
      }),
    )
  })

  it.each(['', '..', 'a/../b', '/..', '../', 'x\0'])('refuses %j', (key) => {
    expect(() => checkKey(key)).toThrow(expect.objectContaining({ code: 'E_STORAGE_KEY' }))
  })

  it('refuses strange buckets', async () => {
    await expect(storage.putObject('../x', 'k', '')).rejects.toMatchObject({ code: 'E_STORAGE_BUCKET' })
  })
})
