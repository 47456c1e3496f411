import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Storage } from '../storage/storage.js'
import { alignedBytes, splitRecords } from './align.js'
import { type ObjectItem, openPart, type PartitionOptions, partition } from './index.js'
import { cutObjects } from './plan.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-partition-'))
const storage = new Storage(pathToFileURL(join(folder, 'storage')).href)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const code = (value: string) => expect.objectContaining({ code: value })

/** Reading in pieces of any size, as networks do. */
function pieces(body: Buffer, size: number) {
  return async function* (from: number, to: number) {
    for (let at = from; at < Math.min(to, body.length); at += size) {
      yield body.subarray(at, Math.min(at + size, to))
    }
  }
}

async function gather<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const one of source) all.push(one)
  return all
}

/** What splitting the whole text finds. */
function splitWhole(body: Buffer, separator: Buffer): string[] {
  const text = body.toString('latin1').split(separator.toString('latin1'))
  if (text.at(-1) === '') text.pop()
  return text
}

describe('cutting', () => {
  // Few letters, so that separators, their beginnings and overlaps are everywhere.
  const body = fc.stringMatching(/^[ab\r\n]{0,120}$/).map((text) => Buffer.from(text))
  const separator = fc
    .oneof(fc.constantFrom('\n', '\r\n', '\n\n', 'aa', 'aba', 'abab'), fc.stringMatching(/^[ab\n]{1,5}$/))
    .map((text) => Buffer.from(text))

  it('gives every byte and every record exactly once, in order, for any size, chunk and separator', async () => {
    const chunk = fc.integer({ min: 1, max: 40 })
    await fc.assert(
      fc.asyncProperty(body, separator, chunk, chunk, fc.boolean(), async (bytes, newline, size, piece, byNumber) => {
        const options = byNumber ? { objChunkNumber: size } : { objChunkSize: size }
        const parts = cutObjects([{ key: 'k', size: bytes.length, ranges: true }], { ...options, objNewline: newline })
        const read = pieces(bytes, piece)
        const aligned: Buffer[] = []
        const records: string[] = []
        for (const { range } of parts) {
          const chunks = () => alignedBytes(read, { ...range, size: bytes.length }, newline)
          const part = Buffer.concat(await gather(chunks()))
          aligned.push(part)
          for await (const record of splitRecords(chunks(), newline)) records.push(record.toString('latin1'))
        }
        expect(Buffer.concat(aligned).equals(bytes)).toBe(true)
        expect(records).toEqual(splitWhole(bytes, newline))
      }),
      { numRuns: 1500 },
    )
  })

  it('has the wanted number of parts, or the wanted size of each', () => {
    const cut = (size: number, options: PartitionOptions) =>
      cutObjects([{ key: 'k', size, ranges: true }], options).map(({ range }) => range.end - range.start)
    expect(cut(10, {})).toEqual([10])
    expect(cut(10, { objChunkSize: 4 })).toEqual([4, 4, 2])
    expect(cut(10, { objChunkNumber: 3, objChunkSize: 1 })).toEqual([3, 3, 4])
    expect(cut(2, { objChunkNumber: 5 })).toEqual([1, 1])
    expect(cut(0, { objChunkSize: 4 })).toEqual([0])
    expect(cut(1, { objChunkSize: 4 })).toEqual([1])
    expect(cut(2 ** 41, { objChunkNumber: 4 })).toEqual(Array(4).fill(2 ** 39))
  })

  it.each([{ objChunkSize: 0 }, { objChunkSize: 1.5 }, { objChunkNumber: -1 }, { objNewline: '' }, { objNewline: 5 }])(
    'refuses %j',
    async (options) => {
      await expect(partition('b/k', { ...(options as PartitionOptions), storage })).rejects.toThrow(
        code('E_PARTITION_OPTIONS'),
      )
    },
  )
})

describe('objects in storage', () => {
  const put = async (bucket: string, key: string, body: string | Uint8Array) => {
    await storage.putObject(bucket, key, body)
  }
  const find = async (items: ObjectItem | ObjectItem[], options: PartitionOptions = {}) =>
    (await partition(items, { ...options, storage })).map(({ bucket, key }) => `${bucket}/${key}`)
  beforeAll(async () => {
    for (const key of ['logs/2.csv', 'logs/1.csv', 'logs/deep/3.csv', 'logs/readme.md', 'odd[1].csv', 'é.csv']) {
      await put('data', key, `of ${key}\n`)
    }
    await put('data', 'logs/', '')
  })

  it('are found by key, prefix, bucket, glob and reference, in a fixed order', async () => {
    expect(await find('data/logs/1.csv')).toEqual(['data/logs/1.csv'])
    const logs = ['data/logs/1.csv', 'data/logs/2.csv', 'data/logs/deep/3.csv', 'data/logs/readme.md']
    expect(await find('data/logs/')).toEqual(logs)
    expect(await find('data')).toEqual([...logs, 'data/odd[1].csv', 'data/é.csv'])
    expect(await find('s3://data/logs/*.csv')).toEqual(['data/logs/1.csv', 'data/logs/2.csv'])
    expect(await find('data/**/*.csv')).toEqual([...logs.slice(0, 3), 'data/odd[1].csv', 'data/é.csv'])
    expect(await find('data/logs/{1,2}.*')).toEqual(logs.slice(0, 2))
    expect(await find('data/lo*/?.csv')).toEqual(logs.slice(0, 2))
    expect(await find({ bucket: 'data', key: 'odd[1].csv' })).toEqual(['data/odd[1].csv'])
    expect(await find({ bucket: 'data', prefix: 'logs/d' })).toEqual(['data/logs/deep/3.csv'])
    const object = await storage.putCloudObject('x', { bucket: 'data2', key: 'named' })
    expect(await find(['data/logs/2.csv', object, 'data/logs/1.csv'])).toEqual([
      ...['data/logs/2.csv', 'data2/named', 'data/logs/1.csv'],
    ])
  })

  it.each(['data/none/', 'data/*.none', 'nobody', './none-*', '/no/such/file'])(
    'say when %s is nothing',
    async (item) => {
      await expect(find(item)).rejects.toThrow(code('E_PARTITION_NOTHING'))
    },
  )

  it('say what is no item', async () => {
    await expect(find('data/none.csv')).rejects.toThrow(code('E_STORAGE_NOT_FOUND'))
    await expect(find(5 as never)).rejects.toThrow(code('E_PARTITION_ITEM'))
    await expect(find('gs://b/k')).rejects.toThrow(code('E_PARTITION_ITEM'))
  })

  it('lose no row longer than any buffer, no last byte and no object of one byte', async () => {
    const rows = Array.from({ length: 4 }, (_, i) => String(i).repeat(300 * 1024))
    await put('long', 'rows', rows.join('\n'))
    const parts = await partition('long/rows', { objChunkSize: 64 * 1024, storage })
    expect(parts).toHaveLength(19)
    const lines = await Promise.all(parts.map((part) => gather(openPart(part, storage).lines())))
    expect(lines.flat()).toEqual(rows)
    await put('long', 'eleven', '0123456789A')
    const raw = await partition('long/eleven', { objChunkSize: 5, objNewline: null, storage })
    expect(await Promise.all(raw.map((part) => openPart(part, storage).text()))).toEqual(['01234', '56789', 'A'])
    await put('long', 'one', 'x')
    const [one, ...none] = await partition('long/one', { objChunkSize: 5, storage })
    expect([await openPart(one!, storage).text(), none.length]).toEqual(['x', 0])
    await put('long', 'empty', '')
    const [empty] = await partition('long/empty', { objChunkSize: 5, storage })
    expect(await openPart(empty!, storage).text()).toBe('')
  })

  it('open as bytes, text, lines, records and a stream, again and again', async () => {
    await put('open', 'k', 'süß\r\nb\r\n\r\nend')
    const parts = await partition('open/k', { objChunkNumber: 3, storage })
    const travelled = JSON.parse(JSON.stringify(parts[0])) as object
    expect(travelled).toMatchObject({ bucket: 'open', key: 'k', part: 0, totalParts: 3 })
    const opened = parts.map((part) => openPart(structuredClone(part), storage))
    expect((await Promise.all(opened.map((part) => part.text()))).join('')).toBe('süß\r\nb\r\n\r\nend')
    expect((await Promise.all(opened.map((part) => gather(part.lines())))).flat()).toEqual(['süß', 'b', '', 'end'])
    const records = (await Promise.all(opened.map((part) => gather(part.records())))).flat()
    expect(records.map((record) => Buffer.from(record).toString())).toEqual(['süß\r', 'b\r', '\r', 'end'])
    const streamed = await Promise.all(opened.map((part) => part.dataStream.toArray()))
    expect(Buffer.concat(streamed.flat()).toString()).toBe('süß\r\nb\r\n\r\nend')
    for await (const _ of opened[0]!.lines()) break
  })

  it('that change under the parts are refused, not mixed', async () => {
    await put('change', 'k', 'a\nb\nc\n')
    const [, second] = await partition('change/k', { objChunkSize: 2, storage })
    await put('change', 'k', 'x\ny\nz\n')
    await expect(openPart(second!, storage).text()).rejects.toThrow(code('E_STORAGE_PRECONDITION'))
  })
})

describe('files and URLs', () => {
  const text = Array.from({ length: 500 }, (_, i) => `row ${i}`).join('\n')
  const server: Server = createServer((request, response) => {
    const body = Buffer.from(text)
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    if (request.url === '/missing') response.writeHead(404).end()
    else if (request.url === '/empty') response.writeHead(range ? 416 : 200).end()
    else if (request.url === '/changing') {
      // A new version for every request: what `If-Range` names is never there any more.
      const whole = request.headers['if-range'] || !range
      response.writeHead(whole ? 200 : 206, { etag: '"1"', ...(whole ? {} : { 'content-range': 'bytes 0-0/9' }) })
      response.end(whole ? 'a new one' : 'o')
    } else if (request.url === '/whole' || !range) {
      // Without a length: sent in chunks.
      response.writeHead(200)
      response.write(body.subarray(0, 1000))
      response.end(body.subarray(1000))
    } else {
      const [from, to] = [Number(range[1]), Math.min(Number(range[2]), body.length - 1)]
      response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${body.length}`, etag: '"v"' })
      response.end(body.subarray(from, to + 1))
    }
  })
  let origin = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    mkdirSync(join(folder, 'files', 'sub'), { recursive: true })
    writeFileSync(join(folder, 'files', 'b.txt'), text)
    writeFileSync(join(folder, 'files', 'sub', 'a.txt'), 'x\n')
  })
  afterAll(() => server.close())

  const lines = async (item: ObjectItem | ObjectItem[], options: PartitionOptions) => {
    const parts = await partition(item, { ...options, storage })
    return {
      count: parts.length,
      lines: (await Promise.all(parts.map((p) => gather(openPart(p, storage).lines())))).flat(),
    }
  }

  it('with ranges are cut, without they are one part', async () => {
    const wanted = text.split('\n')
    expect(await lines(`${origin}/ranges`, { objChunkSize: 100 })).toEqual({
      count: Math.ceil(text.length / 100),
      lines: wanted,
    })
    expect(await lines(new URL(`${origin}/ranges`), { objChunkNumber: 3 })).toEqual({ count: 3, lines: wanted })
    expect(await lines(`${origin}/whole`, { objChunkSize: 100 })).toEqual({ count: 1, lines: wanted })
    expect(await lines(`${origin}/empty`, { objChunkSize: 100 })).toEqual({ count: 1, lines: [] })
    expect(await lines([`${origin}/whole`, `${origin}/empty`, { url: `${origin}/ranges` }], {})).toEqual({
      count: 3,
      lines: [...wanted, ...wanted],
    })
  })

  it('that fail or change say so', async () => {
    await expect(lines(`${origin}/missing`, {})).rejects.toThrow(code('E_PARTITION_URL'))
    await expect(lines('http://127.0.0.1:1/x', {})).rejects.toThrow(code('E_PARTITION_URL'))
    await expect(lines(`${origin}/changing`, { objChunkSize: 3 })).rejects.toThrow(code('E_PARTITION_CHANGED'))
  })

  it('on disk are files, folders and globs', async () => {
    const wanted = text.split('\n')
    const files = join(folder, 'files')
    expect(await lines(join(files, 'b.txt'), { objChunkSize: 64 })).toEqual({
      count: Math.ceil(text.length / 64),
      lines: wanted,
    })
    expect((await lines(files, {})).lines).toEqual([...wanted, 'x'])
    expect((await lines({ path: `${files}/**/*.txt` }, {})).count).toBe(2)
    expect((await lines(`${files}/*.txt`, {})).count).toBe(1)
    expect((await lines(pathToFileURL(join(files, 'b.txt')), {})).lines).toEqual(wanted)
  })
})
