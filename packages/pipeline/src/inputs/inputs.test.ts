/** Inputs from files, from a real HTTP server with all its moods, and from storages. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Storage } from '@mayfly/executor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeCbm } from '../scoring/fixtures/write-cbm.js'
import { locateInFolder } from './folder.js'
import { loadCatBoost } from './model.js'
import { openInput, readInput } from './open.js'
import { locateInput, publicAddress, shown } from './place.js'

const never = new AbortController().signal
const work = mkdtempSync(join(tmpdir(), 'mayfly-inputs-'))
const storage = new Storage({ backend: 'localhost', root: join(work, 'storage') })
const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) & 255))
const requests: { path: string; range: string | undefined; authorization: string | undefined }[] = []
let origin = ''

/** What the server does by path. */
const moods: Record<string, (request: IncomingMessage, response: ServerResponse, nth: number) => void> = {
  '/ranges.ibd': ranges,
  '/a/whole%20file.imzML': (_, response) => response.setHeader('etag', '"1"').end(BYTES),
  '/chunked': (_, response) => {
    for (let at = 0; at < BYTES.length; at += 50_000) response.write(BYTES.subarray(at, at + 50_000))
    response.end()
  },
  '/empty': (_, response) => response.writeHead(416, { 'content-range': 'bytes */0' }).end(),
  '/denied': (_, response) => response.writeHead(403).end(),
  '/busy': (request, response, nth) => (nth < 2 ? response.writeHead(503).end() : ranges(request, response)),
  '/down': (_, response) => response.writeHead(500).end(),
  '/breaks': (request, response, nth) => {
    if (nth !== 1) return ranges(request, response)
    response.writeHead(200, { etag: '"1"', 'content-length': BYTES.length })
    response.write(BYTES.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20))
  },
  '/changes': (_, response, nth) => response.setHeader('etag', `"${nth}"`).end(BYTES),
  '/shrinks': (_, response, nth) => response.setHeader('etag', '"1"').end(nth === 0 ? BYTES : BYTES.subarray(9)),
}

function ranges(request: IncomingMessage, response: ServerResponse): void {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  response.setHeader('etag', '"1"')
  if (from === undefined) return void response.end(BYTES)
  const end = Math.min(to ? Number(to) : BYTES.length - 1, BYTES.length - 1)
  response.writeHead(206, { 'content-range': `bytes ${from}-${end}/${BYTES.length}` })
  response.end(BYTES.subarray(Number(from), end + 1))
}

const server = createServer((request, response) => {
  const path = new URL(request.url!, 'http://x').pathname
  const nth = requests.filter((other) => other.path === path).length
  requests.push({ path, range: request.headers.range, authorization: request.headers.authorization })
  const mood = moods[path]
  if (mood) mood(request, response, nth)
  else response.writeHead(404).end()
})
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(work, { recursive: true, force: true })
})

const opened = (written: string) => openInput(locateInput(written, work, 'E_IBD_MISSING'), storage)
const thrown = async (run: () => unknown): Promise<unknown> => {
  try {
    await run()
  } catch (error) {
    return error
  }
  return undefined
}

describe('URLs', () => {
  it('asks a server with ranges for few bytes, until all are wanted', async () => {
    const input = await opened(`${origin}/ranges.ibd?signature=secret`)
    expect(requests.filter(({ path }) => path === '/ranges.ibd').map(({ range }) => range)).toEqual(['bytes=0-15'])
    expect(input).toMatchObject({ name: 'ranges.ibd', size: BYTES.length, version: '"1"', from: 'url' })
    expect([...input.head]).toEqual([...BYTES.subarray(0, 16)])
    const object = await input.upload(storage, 'copy', never)
    expect(object).toEqual({
      ...{ type: 'CloudObject', backend: 'localhost', bucket: 'mayfly', key: 'copy', size: BYTES.length },
    })
    expect(Buffer.compare(await storage.getCloudObject(object), BYTES)).toBe(0)
  })

  it.each(['/a/whole%20file.imzML', '/chunked', '/busy', '/breaks'])('reads from a server such as %s', async (path) => {
    const input = await opened(origin + path)
    expect(input).toMatchObject({ name: decodeURIComponent(path.split('/').pop()!), size: BYTES.length })
    expect([...input.head]).toEqual([...BYTES.subarray(0, 16)])
    expect(Buffer.compare(await readInput(input), BYTES)).toBe(0)
  })

  it('takes a broken connection up where it broke', () => {
    const [, , resumed] = requests.filter(({ path }) => path === '/breaks')
    expect(resumed!.range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  it('reads an empty file', async () => {
    expect(await opened(`${origin}/empty`)).toMatchObject({ size: 0 })
  })

  it('sends name and password as a header', async () => {
    await opened(`${origin.replace('//', '//me:s%40cret@')}/ranges.ibd`)
    expect(requests.at(-1)!.authorization).toBe(`Basic ${Buffer.from('me:s@cret').toString('base64')}`)
  })

  it.each([
    ['E_IBD_MISSING', '/none.ibd'],
    ['E_INPUT_DENIED', '/denied'],
    ['E_INPUT_UNREACHABLE', '/down'],
  ])('%s for %s, without what is secret', async (code, path) => {
    const error = await thrown(() => opened(`${origin.replace('//', '//me:secret@')}${path}?token=secret`))
    expect(error).toMatchObject({ code, hint: expect.any(String), where: { path: origin + path } })
    expect((error as Error).message).not.toContain('secret')
  })

  it('E_INPUT_UNREACHABLE where nobody answers', async () => {
    expect(await thrown(() => opened('http://127.0.0.1:1/x.ibd'))).toMatchObject({ code: 'E_INPUT_UNREACHABLE' })
  })

  it('E_INPUT_CHANGED for another version than was checked, E_INPUT_UNREACHABLE for fewer bytes', async () => {
    const changes = await opened(`${origin}/changes`)
    expect(await thrown(() => readInput(changes))).toMatchObject({ code: 'E_INPUT_CHANGED' })
    const shrinks = await opened(`${origin}/shrinks`)
    expect(await thrown(() => readInput(shrinks))).toMatchObject({ code: expect.stringMatching(/^E_INPUT_/) })
  })

  it('reads the sample data sets of the reference from their public address', () => {
    const sample = locateInput('cos://embl-datasets/small/ds.imzML', work, 'E_X').place
    expect(shown(publicAddress(sample)!)).toMatch(/^https:\/\/[^/]+\/embl-datasets\/small\/ds\.imzML$/)
    expect(publicAddress(locateInput('cos://mine/ds.imzML', work, 'E_X').place)).toBeUndefined()
    expect(publicAddress(locateInput('s3://embl-datasets/x', work, 'E_X').place)).toBeUndefined()
  })
})

describe('objects', () => {
  it('are used where they are when they lie in the storage of the executor', async () => {
    await storage.putObject('data', 'sets/a.ibd', BYTES)
    const input = await opened('localhost://data/sets/a.ibd')
    expect(input).toMatchObject({ name: 'a.ibd', size: BYTES.length, from: 'localhost' })
    expect([...input.head]).toEqual([...BYTES.subarray(0, 16)])
    expect(await input.upload(storage, 'elsewhere', never)).toMatchObject({ bucket: 'data', key: 'sets/a.ibd' })
    const { version } = input
    await storage.putObject('data', 'sets/a.ibd', BYTES.subarray(1))
    expect((await opened('localhost://data/sets/a.ibd')).version).not.toBe(version)
    expect(await thrown(() => readInput(input))).toMatchObject({ code: 'E_STORAGE_PRECONDITION' })
  })

  it('are copied from other storages', async () => {
    await new Storage({ backend: 'memory', bucket: 'data' }).putObject('data', 'b.ibd', BYTES)
    const input = await opened('memory://data/b.ibd')
    expect(await input.upload(storage, 'b', never)).toMatchObject({
      backend: 'localhost',
      key: 'b',
      size: BYTES.length,
    })
  })

  it('have typed errors', async () => {
    expect(await thrown(() => opened('localhost://data/none.ibd'))).toMatchObject({
      ...{ code: 'E_IBD_MISSING', where: { path: 'localhost://data/none.ibd' } },
    })
    expect(await thrown(() => opened('nowhere://data/none.ibd'))).toMatchObject({ code: 'E_CONFIG_STORAGE' })
    for (const address of ['s3://', 's3://bucket', 's3://bucket/', 's3://bucket/folder/', 'https://'])
      expect(await thrown(() => opened(address))).toMatchObject({ code: 'E_CONFIG_PATH' })
  })
})

describe('models', () => {
  const stump = {
    ...{ features: ['chaos'], scale: 1, bias: 0, depth: Int32Array.of(1), splitFeature: Uint16Array.of(0) },
    ...{ splitBorder: Float32Array.of(0.5), leaves: Float64Array.of(0, 1), nanIsHigh: Uint8Array.of(0) },
  }

  it('are read from paths, URLs and storages', async () => {
    const bytes = writeCbm(stump)
    moods['/model.cbm'] = (_, response) => response.setHeader('etag', '"1"').end(bytes)
    writeFileSync(join(work, 'model.cbm'), bytes)
    await storage.putObject('data', 'model.cbm', bytes)
    for (const where of ['model.cbm', `${origin}/model.cbm`, 'localhost://data/model.cbm'])
      expect(await loadCatBoost(where, { baseDir: work, storage })).toEqual(stump)
    expect(await loadCatBoost(`${origin}/model.cbm`)).toEqual(stump)
  })

  it('have typed errors', async () => {
    for (const where of ['none.cbm', `${origin}/none.cbm`])
      expect(await thrown(() => loadCatBoost(where, { baseDir: work }))).toMatchObject({ code: 'E_MODEL_MISSING' })
    expect(await thrown(() => loadCatBoost(`${origin}/ranges.ibd`))).toMatchObject({
      ...{ code: 'E_MODEL_INVALID', message: `${origin}/ranges.ibd: it does not begin with CBM1` },
    })
  })
})

describe('files', () => {
  const folder = join(work, 'set')
  const find = (path: string, extension: string, stem?: string) =>
    locateInFolder(path, work, 'E_X', extension, stem).place

  it('are found by their folder and in any case, when there is only one', async () => {
    mkdirSync(folder)
    writeFileSync(join(folder, 'A.imzML'), 'x')
    writeFileSync(join(folder, 'A.IBD'), BYTES)
    expect(find('set', '.imzml')).toEqual({ kind: 'file', path: join(folder, 'A.imzML') })
    expect(find('set', '.ibd', 'a')).toEqual({ kind: 'file', path: join(folder, 'A.IBD') })
    expect(find('set/A.ibd', '.ibd')).toEqual({ kind: 'file', path: join(folder, 'A.IBD') })
    writeFileSync(join(folder, 'B.imzML'), 'x')
    expect(await thrown(() => find('set', '.imzml'))).toMatchObject({
      code: 'E_X',
      message: expect.stringMatching(/A.imzML, B.imzML/),
    })
    expect(await thrown(() => find('set', '.ibd', 'B'))).toMatchObject({
      code: 'E_X',
      message: expect.stringMatching(/holds no B.ibd/),
    })
    expect(await thrown(() => find('set/none.ibd', '.ibd'))).toMatchObject({ code: 'E_X' })
    const input = await opened('set/A.IBD')
    expect(input).toMatchObject({ name: 'A.IBD', size: BYTES.length, from: 'file' })
    expect(Buffer.compare(await readInput(input), BYTES)).toBe(0)
  })
})
