/**
 * What every storage must do: each runs this suite unchanged. `make` gives a storage that nobody else uses; `url` opens the same
 * one in another process, where the storage can be reached from there. Long, because it is one list of requirements.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import { afterAll, it as always, beforeAll, describe, expect } from 'vitest'
import { compareKeys } from './keys.js'
import type { Storage } from './storage.js'

export interface StorageHarness {
  make(): Storage | Promise<Storage>
  /** Given when other processes can open the storage. */
  url?: (storage: Storage) => string
  /** Keys of the large list; fewer where each costs a request. */
  many?: number
  /** Tests that this server is known to fail, and must: one that it passes should leave the list. */
  deviations?: readonly string[]
}

const MB = 1024 * 1024
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const bytes = (...values: number[]) => new Uint8Array(values)
const code = (value: string) => expect.objectContaining({ code: value })

const ODD_KEYS = [
  'plain.txt',
  'with space',
  'a%2Fb%',
  '%self',
  '%%',
  '.hidden',
  '.tmp-1-x',
  'tilde~',
  'UPPER',
  'upper',
  'süß/日本語/🎈.csv',
  '\uff5e',
  '\u{1f600}',
  'back\\slash',
  '/leading',
  'double//slash',
  'trailing/',
  'trailing/child',
  'quote\'"<>&?#+*:|',
  '__proto__',
  'x'.repeat(1024),
  `${'é'.repeat(300)}/${'z'.repeat(300)}`,
  `${'é'.repeat(300)}`,
  '...',
  'a..b',
  'COM1',
]

/** Of a test that must fail, ms: some would wait for ever. */
const DEVIANT_MS = 15_000

export function storageContract(name: string, harness: StorageHarness): void {
  const deviations = new Set(harness.deviations)
  const plain = (title: string, body: () => Promise<void>) =>
    deviations.has(title) ? always.fails(title, body, DEVIANT_MS) : always(title, body)
  const it = Object.assign(plain, {
    each: always.each.bind(always) as typeof always.each,
    skipIf: (skip: boolean) => (skip ? always.skip : plain),
  })

  describe(`${name} keeps the storage contract`, () => {
    let storage: Storage
    beforeAll(async () => {
      storage = await harness.make()
      for (const bucket of ['bkt', 'odd', 'nest', 'list', 'pages', 'many', 'cc1', 'cc2'])
        await storage.createBucket(bucket)
    })
    afterAll(() => storage.close())

    const raceOf = (script: string, ...args: string[]) => run(script, [harness.url!(storage), ...args])

    describe('objects', () => {
      it('come back as they were put: text, bytes, views, blobs, streams, nothing', async () => {
        await storage.putObject('bkt', 'text', 'süß')
        expect(text(await storage.getObject('bkt', 'text'))).toBe('süß')
        await storage.putObject('bkt', 'view', bytes(1, 2, 3, 4).subarray(1, 3))
        expect(await storage.getObject('bkt', 'view')).toEqual(bytes(2, 3))
        await storage.putObject('bkt', 'floats', new Float64Array([1.5]) as never)
        expect(new Float64Array((await storage.getObject('bkt', 'floats')).buffer)).toEqual(new Float64Array([1.5]))
        await storage.putObject('bkt', 'blob', new Blob(['blob']))
        expect(text(await storage.getObject('bkt', 'blob'))).toBe('blob')
        await storage.putObject('bkt', 'node-stream', Readable.from(['x', Buffer.from('y')]))
        expect(text(await storage.getObject('bkt', 'node-stream'))).toBe('xy')
        await storage.putObject('bkt', 'empty', new Uint8Array())
        expect((await storage.getObject('bkt', 'empty')).byteLength).toBe(0)
        expect(await storage.headObject('bkt', 'empty')).toMatchObject({ key: 'empty', size: 0 })
        await storage.putObject('bkt', 'empty-stream', Readable.from([]))
        expect((await storage.headObject('bkt', 'empty-stream')).size).toBe(0)
        await expect(storage.putObject('bkt', 'x', 5 as never)).rejects.toThrow(code('E_STORAGE_BODY'))
      })

      it('own their bytes, from offset 0', async () => {
        const mine = bytes(1, 2, 3)
        await storage.putObject('bkt', 'own', mine)
        mine[0] = 9
        const read = await storage.getObject('bkt', 'own')
        expect([...read, read.byteOffset, read.buffer.byteLength]).toEqual([1, 2, 3, 0, 3])
        read[0] = 7
        expect(await storage.getObject('bkt', 'own')).toEqual(bytes(1, 2, 3))
      })

      it('that are not there are said so, everywhere the same', async () => {
        const missing = code('E_STORAGE_NOT_FOUND')
        await expect(storage.getObject('bkt', 'no')).rejects.toThrow(missing)
        await expect(storage.getObject('no-bucket', 'no')).rejects.toThrow(missing)
        await expect(storage.getObject('bkt', 'text/below')).rejects.toThrow(missing)
        await expect(storage.streamObject('bkt', 'no')).rejects.toThrow(missing)
        await expect(storage.headObject('bkt', 'no')).rejects.toThrow(missing)
        await expect(storage.copyObject({ bucket: 'bkt', key: 'no' }, { bucket: 'bkt', key: 'no2' })).rejects.toThrow(
          missing,
        )
        await expect(finished(storage.open('no').resume())).rejects.toThrow(missing)
        await storage.deleteObject('bkt', 'no')
        await storage.deleteObjects('bkt', ['no', 'no/also'])
      })

      it('keep content type and metadata, which go with each version', async () => {
        const metadata = { Owner: 'ada', 'x-y_z': 'süß' }
        await storage.putObject('bkt', 'meta', '1', { contentType: 'text/csv', metadata })
        const info = await storage.headObject('bkt', 'meta')
        expect(info).toMatchObject({ contentType: 'text/csv', metadata: { owner: 'ada', 'x-y_z': 'süß' } })
        const opened = await storage.openObject('bkt', 'meta')
        expect(opened.info).toEqual(info)
        await opened.body.return?.()
        await storage.copyObject({ bucket: 'bkt', key: 'meta' }, { bucket: 'bkt', key: 'meta2' })
        expect(await storage.headObject('bkt', 'meta2')).toMatchObject({ contentType: 'text/csv' })
        await storage.copyObject(
          { bucket: 'bkt', key: 'meta' },
          { bucket: 'bkt', key: 'meta3' },
          { contentType: 'a/b' },
        )
        expect(await storage.headObject('bkt', 'meta3')).toMatchObject({ contentType: 'a/b' })
        await storage.putObject('bkt', 'meta', '2')
        expect(await storage.headObject('bkt', 'meta')).not.toHaveProperty('contentType')
        expect(await storage.listKeys('bkt', 'meta')).toEqual(['meta', 'meta2', 'meta3'])
        await expect(storage.putObject('bkt', 'm', '', { metadata: { 'a b': 'x' } })).rejects.toThrow(
          code('E_STORAGE_OPTIONS'),
        )
      })

      it('have an etag that changes with every version, also of equal bytes', async () => {
        const seen = new Set<string>()
        for (let i = 0; i < 50; i++) seen.add((await storage.putObject('bkt', 'etag', `${i % 2}`)).etag)
        // Content-addressed etags are as good: the same bytes are the same version.
        expect([2, 50]).toContain(seen.size)
        const { etag } = await storage.headObject('bkt', 'etag')
        expect(seen.has(etag)).toBe(true)
      })

      it('are copied within and between buckets', async () => {
        await storage.putObject('cc1', 'from', 'copy me')
        await storage.copyObject({ bucket: 'cc1', key: 'from' }, { bucket: 'cc2', key: 'to/there' })
        expect(text(await storage.getObject('cc2', 'to/there'))).toBe('copy me')
        await expect(
          storage.copyObject({ bucket: 'cc1', key: 'from' }, { bucket: 'cc2', key: 'to/there' }, { ifNoneMatch: '*' }),
        ).rejects.toThrow(code('E_STORAGE_EXISTS'))
      })

      it('as cloud objects travel as plain values, and several buckets are emptied of them', async () => {
        const objects = [
          await storage.putCloudObject(bytes(5, 6), { bucket: 'cc1' }),
          await storage.putCloudObject('x', { bucket: 'cc2', key: 'named' }),
        ]
        const copies = JSON.parse(JSON.stringify(objects)) as typeof objects
        expect(await storage.getCloudObject(copies[0]!, { range: { start: 1 } })).toEqual(bytes(6))
        expect(copies[1]).toMatchObject({ bucket: 'cc2', key: 'named', size: 1, backend: storage.backend })
        await storage.deleteCloudObjects(copies)
        for (const copy of copies) {
          await expect(storage.getCloudObject(copy)).rejects.toThrow(code('E_STORAGE_NOT_FOUND'))
        }
      })
    })

    describe('keys', () => {
      it('may be odd', async () => {
        for (const key of ODD_KEYS) await storage.putObject('odd', key, `of ${key}`)
        for (const key of ODD_KEYS) expect(text(await storage.getObject('odd', key))).toBe(`of ${key}`)
        expect(await storage.listKeys('odd')).toEqual([...ODD_KEYS].sort((a, b) => Buffer.compare(buf(a), buf(b))))
        for (const key of ODD_KEYS.slice(0, 12)) {
          expect((await storage.listPage('odd', { prefix: key })).objects[0]?.key).toBe(key)
        }
        await storage.deleteObjects('odd', ODD_KEYS)
        expect(await storage.listKeys('odd')).toEqual([])
      })

      it.each(['', '.', '..', 'a/../b', '../x', 'a/..', 'x\0', 'new\nline', '\ud800', 'x'.repeat(1025)])(
        'that no storage takes are refused before anything happens: %j',
        async (key) => {
          const refused = code('E_STORAGE_KEY')
          await expect(storage.putObject('bkt', key, '')).rejects.toThrow(refused)
          await expect(storage.getObject('bkt', key)).rejects.toThrow(refused)
          await expect(storage.deleteObjects('bkt', ['fine', key])).rejects.toThrow(refused)
          expect(() => storage.open(key, 'w')).toThrow(refused)
        },
      )

      it.each(['', '../x', 'a/b', '-a', 'x'.repeat(64)])('in no bucket are refused: %j', async (bucket) => {
        await expect(storage.putObject(bucket, 'k', '')).rejects.toThrow(code('E_STORAGE_BUCKET'))
        await expect(storage.listKeys(bucket)).rejects.toThrow(code('E_STORAGE_BUCKET'))
      })

      it('may be the beginning of other keys, in any order of coming and going', async () => {
        await storage.putObject('nest', 'a', 'first', { contentType: 'x/a' })
        await storage.putObject('nest', 'a/b', 'second')
        await storage.putObject('nest', 'a/b/c', 'third')
        await storage.putObject('nest', 'a!', 'between')
        expect(await storage.listKeys('nest')).toEqual(['a', 'a!', 'a/b', 'a/b/c'])
        expect(text(await storage.getObject('nest', 'a'))).toBe('first')
        expect(await storage.headObject('nest', 'a')).toMatchObject({ contentType: 'x/a', size: 5 })
        await expect(storage.putObject('nest', 'a', '', { ifNoneMatch: '*' })).rejects.toThrow(code('E_STORAGE_EXISTS'))
        await storage.putObject('nest', 'a', 'again')
        await storage.putObject('nest', 'a/b', 'again, too')
        expect(text(await storage.getObject('nest', 'a'))).toBe('again')
        await storage.deleteObject('nest', 'a')
        expect(await storage.listKeys('nest')).toEqual(['a!', 'a/b', 'a/b/c'])
        await storage.putObject('nest', 'a', 'new', { ifNoneMatch: '*' })
        await storage.deleteObjects('nest', ['a/b', 'a/b/c'])
        expect(await storage.listKeys('nest')).toEqual(['a', 'a!'])
        expect(text(await storage.getObject('nest', 'a'))).toBe('new')
        await storage.deleteObjects('nest', ['a', 'a!'])
        expect(await storage.listKeys('nest')).toEqual([])
      })

      it('nest whatever happens at once: writers of a and of a/b', async () => {
        for (let round = 0; round < 15; round++) {
          const keys = ['r', 'r/a', 'r/a/b', 'r/b']
          const reads = async () => {
            for (let i = 0; i < 5; i++) await storage.getObject('nest', 'r').catch(() => undefined)
          }
          await Promise.all([...keys.map((key) => storage.putObject('nest', key, key)), reads()])
          expect(await storage.listKeys('nest')).toEqual(keys)
          for (const key of keys) expect(text(await storage.getObject('nest', key))).toBe(key)
          await Promise.all(keys.map((key) => storage.deleteObject('nest', key)))
          expect(await storage.listKeys('nest')).toEqual([])
        }
      })
    })

    describe('ranges', () => {
      const body = Uint8Array.from({ length: 50 }, (_, i) => i)
      beforeAll(async () => void (await storage.putObject('bkt', 'range', body)))

      it('are as HTTP means them, also beyond the end and from the end', async () => {
        const get = (range: { start: number; end?: number }) => storage.getObject('bkt', 'range', { range })
        await fc.assert(
          fc.asyncProperty(fc.nat(60), fc.option(fc.nat(60), { nil: undefined }), async (start, length) => {
            const range = length === undefined ? { start } : { start, end: start + length }
            expect(await get(range)).toEqual(body.slice(start, (range.end ?? 49) + 1))
          }),
          { numRuns: 40 },
        )
        expect(await get({ start: -3 })).toEqual(bytes(47, 48, 49))
        expect(await get({ start: -500 })).toEqual(body)
        expect(await get({ start: 49, end: 10_000 })).toEqual(bytes(49))
        expect((await get({ start: 50 })).byteLength).toBe(0)
        await storage.putObject('bkt', 'range-empty', '')
        for (const start of [0, 5, -5]) {
          expect((await storage.getObject('bkt', 'range-empty', { range: { start } })).byteLength).toBe(0)
        }
      })

      it.each([{ start: 5, end: 2 }, { start: 0.5 }, { start: -5, end: 2 }, { start: Number.NaN }])(
        'that are none are refused: %j',
        async (range) => {
          await expect(storage.getObject('bkt', 'range', { range })).rejects.toThrow(code('E_STORAGE_RANGE'))
          await expect(storage.streamObject('bkt', 'range', { range })).rejects.toThrow(code('E_STORAGE_RANGE'))
        },
      )

      it('stream, too', async () => {
        expect(await gather(await storage.streamObject('bkt', 'range', { range: { start: 2, end: 4 } }))).toEqual(
          bytes(2, 3, 4),
        )
        expect(await gather(await storage.streamObject('bkt', 'range', { range: { start: 60 } }))).toEqual(bytes())
      })
    })

    describe('conditions', () => {
      it('let one of several writers be first, and keep its bytes', async () => {
        const writers = Array.from({ length: 20 }, (_, i) =>
          storage.putObject('bkt', 'once', `writer ${i}`, { ifNoneMatch: '*' }).then(() => i),
        )
        const outcomes = await Promise.allSettled(writers)
        const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
        expect(winners).toHaveLength(1)
        expect(text(await storage.getObject('bkt', 'once'))).toBe(`writer ${winners[0]}`)
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'E_STORAGE_EXISTS' })
        }
      })

      it('compare and swap: no increment is lost', async () => {
        await storage.putObject('bkt', 'count', '0')
        await Promise.all(Array.from({ length: 6 }, () => increment(storage, 'count', 5)))
        expect(text(await storage.getObject('bkt', 'count'))).toBe('30')
      })

      it('say what failed', async () => {
        const { etag } = await storage.putObject('bkt', 'cond', '1')
        await storage.putObject('bkt', 'cond', '22', { ifMatch: etag })
        await expect(storage.putObject('bkt', 'cond', '3', { ifMatch: etag })).rejects.toThrow(
          code('E_STORAGE_PRECONDITION'),
        )
        await expect(storage.getObject('bkt', 'cond', { ifMatch: etag })).rejects.toThrow(
          code('E_STORAGE_PRECONDITION'),
        )
        await expect(storage.deleteObject('bkt', 'cond', { ifMatch: etag })).rejects.toThrow(
          code('E_STORAGE_PRECONDITION'),
        )
        await expect(storage.putObject('bkt', 'gone', '3', { ifMatch: etag })).rejects.toThrow(
          code('E_STORAGE_NOT_FOUND'),
        )
        expect(text(await storage.getObject('bkt', 'cond'))).toBe('22')
        const now = (await storage.headObject('bkt', 'cond')).etag
        expect(text(await storage.getObject('bkt', 'cond', { ifMatch: now }))).toBe('22')
        await storage.deleteObject('bkt', 'cond', { ifMatch: now })
        await expect(storage.putObject('bkt', 'cond', '', { ifMatch: now, ifNoneMatch: '*' })).rejects.toThrow(
          code('E_STORAGE_OPTIONS'),
        )
      })

      it.skipIf(!harness.url)('hold between processes', async () => {
        await storage.deleteObject('bkt', 'race')
        await storage.putObject('bkt', 'count', '0')
        const outputs = await Promise.all(Array.from({ length: 4 }, (_, i) => raceOf(RACE, String(i))))
        expect(outputs.join('').split('won').length - 1).toBe(1)
        expect(text(await storage.getObject('bkt', 'count'))).toBe('20')
      })
    })

    describe('readers and writers at once', () => {
      it('never see a part of an object', async () => {
        const versions = [new Uint8Array(400_000).fill(1), new Uint8Array(3_000_000).fill(2)]
        await storage.putObject('bkt', 'atomic', versions[0]!)
        let writing = true
        const writer = (async () => {
          for (let i = 0; i < 20; i++) await storage.putObject('bkt', 'atomic', versions[i % 2]!)
          writing = false
        })()
        while (writing) {
          const whole = await storage.getObject('bkt', 'atomic')
          expect(Buffer.compare(whole, versions[whole[0]! - 1]!)).toBe(0)
          const streamed = await gather(await storage.streamObject('bkt', 'atomic'))
          expect(Buffer.compare(streamed, versions[streamed[0]! - 1]!)).toBe(0)
        }
        await writer
      })

      it('see nothing of a put whose stream fails', async () => {
        const broken = (async function* () {
          yield randomBytes(2 * MB)
          throw new Error('the source broke')
        })()
        await expect(storage.putObject('bkt', 'broken', broken)).rejects.toThrow('the source broke')
        expect(await storage.listKeys('bkt', 'broken')).toEqual([])
      })

      it.skipIf(!harness.url)('see nothing of a put that was killed in the middle', async () => {
        await storage.putObject('bkt', 'killed', 'before')
        const child = start(KILLED, [harness.url!(storage)])
        await once(child.stdout!, 'data')
        child.kill('SIGKILL')
        await once(child, 'close')
        expect(text(await storage.getObject('bkt', 'killed'))).toBe('before')
        expect(await storage.listKeys('bkt', 'killed')).toEqual(['killed'])
        await storage.putObject('bkt', 'killed', 'after')
        expect(text(await storage.getObject('bkt', 'killed'))).toBe('after')
      })
    })

    describe('streams', () => {
      it('read and write what is larger than one chunk, and pass errors on', async () => {
        const source = randomBytes(5 * MB + 17)
        await pipeline(Readable.from(cut(source, 100_000)), storage.open('stream', 'w'))
        expect(Buffer.compare(await gather(storage.open('stream')), source)).toBe(0)
        const part = storage.open('stream', 'r', { range: { start: MB, end: 3 * MB - 1 } })
        expect(Buffer.compare(await gather(part), source.subarray(MB, 3 * MB))).toBe(0)
        const writer = storage.open('stream', 'w', { ifNoneMatch: '*' })
        await expect(pipeline(Readable.from(cut(source, 100_000)), writer)).rejects.toThrow(code('E_STORAGE_EXISTS'))
      })

      it('that are given up publish nothing', async () => {
        const writer = storage.open('given-up', 'w')
        writer.on('error', () => undefined)
        writer.write(randomBytes(MB))
        writer.destroy()
        await once(writer, 'close')
        expect(await storage.listKeys(storage.bucket, 'given-up')).toEqual([])
      })

      it('end their reading when the consumer leaves', async () => {
        for (let i = 0; i < 20; i++) for await (const _ of await storage.streamObject(storage.bucket, 'stream')) break
        expect((await storage.headObject(storage.bucket, 'stream')).size).toBe(5 * MB + 17)
      })

      it.skipIf(!harness.url)('of 100 MB need little memory', async () => {
        const grown = Number(await raceOf(LARGE))
        expect(grown).toBeLessThan(80)
        expect(grown).toBeGreaterThanOrEqual(0)
      })
    })

    describe('multipart uploads', () => {
      const large = new Uint8Array(5 * MB).fill(1)

      it('join their parts in order of number, whoever sent them', async () => {
        const upload = await storage.createMultipart('bkt', 'parts', { contentType: 'x/y' })
        const elsewhere = storage.resumeMultipart(JSON.parse(JSON.stringify(upload.ref)) as typeof upload.ref)
        const last = await elsewhere.upload(3, 'end')
        const wrong = await upload.upload(1, 'wrong')
        const first = await upload.upload(1, large)
        const second = await upload.upload(2, Readable.from([large]))
        expect(wrong.etag).not.toBe(first.etag)
        expect(await storage.listKeys('bkt', 'parts')).toEqual([])
        const info = await upload.complete([last, second, first])
        expect(info.size).toBe(10 * MB + 3)
        const across = await storage.getObject('bkt', 'parts', { range: { start: 10 * MB - 2 } })
        expect([...across]).toEqual([1, 1, ...Buffer.from('end')])
        expect(await storage.headObject('bkt', 'parts')).toMatchObject({ contentType: 'x/y', size: 10 * MB + 3 })
        await expect(upload.complete()).rejects.toThrow(code('E_STORAGE_UPLOAD'))
      })

      it('are conditional, can be given up, and refuse strange parts', async () => {
        const first = await storage.createMultipart('bkt', 'parts')
        const part = await first.upload(1, 'x')
        await expect(first.complete([part], { ifNoneMatch: '*' })).rejects.toThrow(code('E_STORAGE_EXISTS'))
        await expect(first.upload(0, 'x')).rejects.toThrow(code('E_STORAGE_UPLOAD'))
        await expect(first.complete([part, part])).rejects.toThrow(code('E_STORAGE_UPLOAD'))
        await expect(first.complete([{ number: 7, etag: part.etag }])).rejects.toThrow(code('E_STORAGE_UPLOAD'))
        await expect(first.complete([])).rejects.toThrow(code('E_STORAGE_UPLOAD'))
        await first.abort()
        await first.abort()
        await expect(first.upload(1, 'x')).rejects.toThrow(code('E_STORAGE_UPLOAD'))
        const ref = { bucket: 'bkt', key: 'parts', uploadId: '../../x' }
        await expect(storage.resumeMultipart(ref).upload(1, 'x')).rejects.toThrow(code('E_STORAGE_UPLOAD'))
      })
    })

    describe('lists', () => {
      it('page, fold by delimiter, and start where told, as a plain model does', async () => {
        const part = fc.constantFrom('a', 'b', 'ab', 'é', '🎈', '\uff5e', '!', '~')
        const key = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
        const options = fc.record({
          prefix: fc.constantFrom('', 'a', 'a/', 'a/b', 'é', '../', 'a/../b'),
          delimiter: fc.constantFrom(undefined, '/', 'b', '//'),
          startAfter: fc.constantFrom(undefined, '', 'a', 'a/b', 'a/b/', 'b~', '🎈'),
          maxKeys: fc.integer({ min: 1, max: 7 }),
        })
        let round = 0
        await fc.assert(
          fc.asyncProperty(
            fc.uniqueArray(key, { maxLength: 12 }),
            fc.array(options, { maxLength: 3 }),
            async (keys, asks) => {
              const bucket = `list-${round++}`
              await storage.createBucket(bucket)
              await Promise.all(keys.map((k) => storage.putObject(bucket, k, k)))
              for (const ask of asks) {
                const seen = { objects: [] as string[], prefixes: [] as string[] }
                let token: string | undefined
                do {
                  const page = await storage.listPage(bucket, { ...defined(ask), ...(token ? { token } : {}) })
                  expect(page.objects.length + page.prefixes.length).toBeLessThanOrEqual(ask.maxKeys)
                  seen.objects.push(...page.objects.map((object) => object.key))
                  seen.prefixes.push(...page.prefixes)
                  token = page.next
                } while (token)
                expect(seen).toEqual(modelList(keys, ask))
              }
              await storage.deleteObjects(bucket, keys)
            },
          ),
          { numRuns: 25 },
        )
      })

      it('say size, time and etag of each object', async () => {
        const put = await storage.putObject('list', 'one', 'abc')
        const [one] = (await storage.listPage('list')).objects
        expect(one).toMatchObject({ key: 'one', size: 3, etag: put.etag })
        expect(Math.abs(one!.lastModified.getTime() - Date.now())).toBeLessThan(60_000)
        expect(await storage.listKeys('nobody')).toEqual([])
        await expect(storage.listPage('list', { maxKeys: 0 })).rejects.toThrow(code('E_STORAGE_OPTIONS'))
      })

      it('of many keys are whole and in order, and one call removes them all', async () => {
        const count = harness.many ?? 10_000
        const keys = Array.from({ length: count }, (_, i) => `k/${i % 7}/${i}`)
        for (let i = 0; i < count; i += 250) {
          await Promise.all(keys.slice(i, i + 250).map((k) => storage.putObject('many', k, 'x')))
        }
        const listed = await storage.listKeys('many', 'k/')
        expect(listed).toEqual([...keys].sort(compareKeys))
        expect((await storage.listPage('many', { delimiter: '/', prefix: 'k/' })).prefixes).toHaveLength(7)
        await storage.deleteObjects('many', keys)
        expect(await storage.listKeys('many')).toEqual([])
      })
    })

    describe('fs', () => {
      it('reads, writes, lists, copies, renames and removes', async () => {
        const fs = storage.fsOf('fs-view')
        await storage.createBucket('fs-view')
        await fs.mkdir('empty/deep', { recursive: true })
        await fs.writeFile('/a/one.txt', 'süß')
        await fs.writeFile('./a/../a/two.txt', '2')
        expect(await fs.readFile('a/one.txt', 'utf8')).toBe('süß')
        expect(await fs.readdir()).toEqual(['a', 'empty'])
        expect(await fs.readdir('a')).toEqual(['one.txt', 'two.txt'])
        expect(await fs.readdir('', { recursive: true })).toEqual(['a/one.txt', 'a/two.txt'])
        expect(await fs.readdir('empty/deep')).toEqual([])
        await expect(fs.readdir('nowhere')).rejects.toThrow(code('E_STORAGE_NOT_FOUND'))
        expect((await fs.stat('a/two.txt')).isFile()).toBe(true)
        expect((await fs.stat('a')).isDirectory()).toBe(true)
        expect((await fs.stat('/')).isDirectory()).toBe(true)
        expect([await fs.exists('a'), await fs.exists('a/one.txt'), await fs.exists('x')]).toEqual([true, true, false])
        await fs.cp('a', 'b', { recursive: true })
        await fs.rename('b/one.txt', 'b/first.txt')
        await fs.rename('b', 'c/d')
        expect(await fs.readdir('c/d')).toEqual(['first.txt', 'two.txt'])
        expect(await fs.exists('b')).toBe(false)
        await pipeline(Readable.from(['streamed']), fs.createWriteStream('s'))
        expect(text(await gather(fs.createReadStream('s', { start: 2, end: 3 })))).toBe('re')
        await expect(fs.rm('nowhere')).rejects.toThrow(code('E_STORAGE_NOT_FOUND'))
        await fs.rm('nowhere', { force: true })
        await fs.rm('c', { recursive: true })
        expect(await fs.readdir()).toEqual(['a', 'empty', 's'])
      })
    })
  })
}

const buf = (value: string) => Buffer.from(value)

async function gather(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

function* cut(whole: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
}

async function increment(storage: Storage, key: string, times: number): Promise<void> {
  for (let done = 0; done < times; ) {
    const { info, body } = await storage.openObject('bkt', key)
    const value = Number(text(await gather(body)))
    try {
      await storage.putObject('bkt', key, String(value + 1), { ifMatch: info.etag })
      done++
    } catch (error) {
      if ((error as { code?: string }).code !== 'E_STORAGE_PRECONDITION') throw error
    }
  }
}

function defined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

/** What a list is, in three lines. */
function modelList(
  keys: string[],
  ask: { prefix: string; delimiter?: string | undefined; startAfter?: string | undefined },
) {
  const { prefix, delimiter, startAfter = '' } = ask
  const inside = keys.filter(
    (key) => key.startsWith(prefix) && (!startAfter || Buffer.compare(buf(key), buf(startAfter)) > 0),
  )
  const at = (key: string) => (delimiter ? key.indexOf(delimiter, prefix.length) : -1)
  const sorted = (list: string[]) => [...new Set(list)].sort((a, b) => Buffer.compare(buf(a), buf(b)))
  return {
    objects: sorted(inside.filter((key) => at(key) < 0)),
    prefixes: sorted(inside.filter((key) => at(key) >= 0).map((key) => key.slice(0, at(key) + delimiter!.length))),
  }
}

const PREAMBLE = `import { Storage } from '@mayfly/executor'; const [url, arg] = process.argv.slice(1); const storage = new Storage(url);`

/** A conditional put, and five increments by compare and swap. */
const RACE = `${PREAMBLE}
try { await storage.putObject('bkt', 'race', arg, { ifNoneMatch: '*' }); console.log('won') }
catch (error) { if (error.code !== 'E_STORAGE_EXISTS') throw error }
for (let done = 0; done < 5; ) {
  const { info, body } = await storage.openObject('bkt', 'count'); let text = ''
  for await (const chunk of body) text += Buffer.from(chunk)
  try { await storage.putObject('bkt', 'count', String(Number(text) + 1), { ifMatch: info.etag }); done++ }
  catch (error) { if (error.code !== 'E_STORAGE_PRECONDITION') throw error }
}
await storage.close()`

/** A put that never ends. */
const KILLED = `${PREAMBLE}
const source = (async function* () { for (let i = 0; ; i++) {
  yield Buffer.alloc(1 << 20, 7); if (i === 5) { console.log('going'); await new Promise((r) => setTimeout(r, 60_000)) } } })()
await storage.putObject('bkt', 'killed', source)`

/** 100 MB in and out; prints by how many MB the resident set has grown. */
const LARGE = `${PREAMBLE}
await storage.putObject('bkt', 'warm', Buffer.alloc(4 << 20)); await storage.getObject('bkt', 'warm')
const chunk = Buffer.alloc(1 << 20, 3); const before = process.memoryUsage.rss(); let peak = before
const look = setInterval(() => { peak = Math.max(peak, process.memoryUsage.rss()) }, 10)
await storage.putObject('bkt', 'large', (async function* () { for (let i = 0; i < 100; i++) yield chunk })())
let size = 0; for await (const part of await storage.streamObject('bkt', 'large')) { size += part.length }
if (size !== 100 << 20) throw new Error('size ' + size)
clearInterval(look); await storage.deleteObject('bkt', 'large'); await storage.close()
console.log(Math.round((peak - before) / (1 << 20)))`

function start(script: string, args: string[]): ChildProcess {
  const cwd = new URL('../..', import.meta.url)
  return spawn(process.execPath, ['--input-type=module', '-e', script, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function run(script: string, args: string[]): Promise<string> {
  const child = start(script, args)
  let output = ''
  child.stdout!.on('data', (chunk: Buffer) => (output += chunk))
  const [status] = (await once(child, 'close')) as [number]
  expect(status).toBe(0)
  return output
}
