import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { checkKey } from './keys.js'
import { Storage } from './storage.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-storage-'))
const storage = new Storage({ home })

afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('storage of files', () => {
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

  it('and what configures a storage is checked where it comes in', () => {
    const code = (value: string) => expect.objectContaining({ code: value })
    expect(() => new Storage({ bukket: 'x' } as never)).toThrow(code('E_CONFIG_UNKNOWN_KEY'))
    expect(() => new Storage({ backend: 'reddis' } as never)).toThrow(code('E_CONFIG_STORAGE'))
    expect(() => new Storage('ftp://x')).toThrow(code('E_CONFIG_STORAGE'))
    expect(() => new Storage({ home, bucket: '../x' })).toThrow(code('E_STORAGE_BUCKET'))
    expect(new Storage('redis://h:1/2?bucket=mine').config).toEqual({
      ...{ backend: 'redis', url: 'redis://h:1/2', bucket: 'mine' },
    })
    expect(new Storage(storage.config).path('b', 'k')).toBe(storage.path('b', 'k'))
    const pack = (Storage as never as Record<symbol, (s: Storage) => unknown>)[Symbol.for('mayfly.pack')]!
    expect(() => pack(new Storage('redis://:word@h'))).toThrow(code('E_STORAGE_SECRET'))
    expect(() => pack(new Storage('memory://x'))).toThrow(code('E_STORAGE_LOCAL'))
    expect(pack(new Storage('redis://:{{env.X}}@h'))).toMatchObject({ url: 'redis://:{{env.X}}@h' })
  })
})
