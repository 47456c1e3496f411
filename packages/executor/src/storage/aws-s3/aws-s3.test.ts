import { randomBytes } from 'node:crypto'
import { Storage } from '@mayfly/executor'
import { type S3Double, startS3 } from '@mayfly/executor/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { storageContract } from '../contract.js'

const code = (value: string) => expect.objectContaining({ code: value })
const MB = 1024 * 1024
let s3: S3Double

process.env.MAYFLY_TEST_S3_ID = 'AKIAMAYFLYTEST'
process.env.MAYFLY_TEST_S3_SECRET = 'secret/with+odd=characters'
const keys = { accessKeyId: '{{env.MAYFLY_TEST_S3_ID}}', secretAccessKey: '{{env.MAYFLY_TEST_S3_SECRET}}' }

beforeAll(async () => {
  s3 = await startS3({
    credentials: { accessKeyId: 'AKIAMAYFLYTEST', secretAccessKey: 'secret/with+odd=characters' },
    buckets: ['mayfly', 'faults'],
  })
})
afterAll(() => s3.close())
afterEach(() => s3.faults.clear())

const options = () => ({ backend: 'aws_s3' as const, endpoint: s3.endpoint, bucket: 'mayfly', ...keys })
const url = () => `s3://mayfly?${new URLSearchParams({ endpoint: s3.endpoint, ...keys })}`

storageContract('aws_s3', { make: () => new Storage(options()) as never, url, many: 1_100 })

describe('what configures aws_s3', () => {
  it('is explicit, or no client is made', () => {
    const refused = code('E_CONFIG_AWS')
    for (const given of [{}, { region: 'eu-central-1' }, { bucket: 'mine' }]) {
      expect(() => new Storage({ backend: 'aws_s3', ...given })).toThrow(refused)
    }
    expect(() => new Storage({ ...options(), secretAccessKey: undefined } as never)).toThrow(refused)
    expect(() => new Storage({ ...options(), profile: 'me' })).toThrow(refused)
    expect(() => new Storage({ ...options(), regoin: 'x' } as never)).toThrow(code('E_CONFIG_UNKNOWN_KEY'))
    expect(() => new Storage({ ...options(), endpoint: 'nowhere' })).toThrow(code('E_CONFIG_VALUE'))
    expect(() => new Storage('s3://')).toThrow(refused)
  })

  it('travels without secrets, or not at all', () => {
    const pack = (Storage as never as Record<symbol, (s: Storage) => unknown>)[Symbol.for('mayfly.pack')]!
    expect(JSON.stringify(pack(new Storage(options())))).not.toContain('odd=characters')
    expect(() => pack(new Storage({ ...options(), ...s3.credentials }))).toThrow(code('E_STORAGE_SECRET'))
    expect(new Storage(url()).config).toMatchObject({ ...options(), region: 'us-east-1' })
  })
})

describe('aws_s3 under faults', () => {
  const storage = () => new Storage(options())
  const place = (key: string) => ({ bucket: 'faults', key })

  it.each(['slowDown', 'internalError', 'reset', 'lostResponse', 'truncate'] as const)(
    'does everything in spite of %s',
    async (kind) => {
      await using s = storage()
      const large = randomBytes(9 * MB)
      s3.faults.add({ kind, probability: 0.3 })
      await s.putObject('faults', `${kind}/a`, 'a')
      expect(Buffer.from(await s.getObject('faults', `${kind}/a`)).toString()).toBe('a')
      await s.putObject('faults', `${kind}/large`, halves(large))
      expect(Buffer.compare(await s.getObject('faults', `${kind}/large`), large)).toBe(0)
      await s.copyObject(place(`${kind}/large`), place(`${kind}/copy`))
      expect((await s.headObject('faults', `${kind}/copy`)).size).toBe(9 * MB)
      expect(await s.listKeys('faults', `${kind}/`)).toEqual([`${kind}/a`, `${kind}/copy`, `${kind}/large`])
      await s.deleteObjects('faults', [`${kind}/a`, `${kind}/copy`])
      await s.deleteObject('faults', `${kind}/large`)
      expect(await s.listKeys('faults', `${kind}/`)).toEqual([])
    },
  )

  it('knows its own conditional write when the answer was lost, and that of others', async () => {
    await using s = storage()
    s3.faults.add({ kind: 'lostResponse', operation: 'PutObject', times: 1 })
    const { etag } = await s.putObject('faults', 'once', 'mine', { ifNoneMatch: '*' })
    s3.faults.add({ kind: 'lostResponse', operation: 'PutObject', times: 1 })
    await s.putObject('faults', 'once', 'mine, too', { ifMatch: etag })
    s3.faults.add({ kind: 'reset', operation: 'PutObject', times: 1 })
    await expect(s.putObject('faults', 'once', 'mine, too', { ifNoneMatch: '*' })).rejects.toThrow(
      code('E_STORAGE_EXISTS'),
    )
    expect(await s.headObject('faults', 'once')).not.toHaveProperty('metadata')
    s3.faults.add({ kind: 'lostResponse', operation: 'CompleteMultipartUpload', times: 1 })
    await s.putObject('faults', 'once-large', halves(randomBytes(9 * MB)), { ifNoneMatch: '*' })
    s3.faults.add({ kind: 'lostResponse', operation: 'CopyObject', times: 1 })
    await s.copyObject(place('once'), place('once-copy'), { ifNoneMatch: '*' })
    s3.faults.add({ kind: 'conflict', times: 2 })
    await s.putObject('faults', 'conflict', 'x', { ifNoneMatch: '*' })
  })

  it('goes on reading where the connection broke, and only the same version', async () => {
    await using s = storage()
    const body = randomBytes(3 * MB)
    await s.putObject('faults', 'cut', body)
    s3.faults.add({ kind: 'truncate', operation: 'GetObject', times: 3 })
    expect(Buffer.compare(await s.getObject('faults', 'cut', { range: { start: 5 } }), body.subarray(5))).toBe(0)
    s3.faults.add({ kind: 'truncate', operation: 'GetObject', times: 1 })
    const stream = await s.openObject('faults', 'cut')
    await stream.body.next()
    await s.putObject('faults', 'cut', 'another')
    await expect(gather(stream.body)).rejects.toThrow(code('E_STORAGE_PRECONDITION'))
  })

  it('corrects a clock that is wrong', async () => {
    await using s = storage()
    s3.faults.clockSkew = 3_600_000
    await s.putObject('faults', 'skew', 'x')
    expect((await s.headObject('faults', 'skew')).size).toBe(1)
  })

  it('says what is wrong, and no secret', async () => {
    const wrong = new Storage({ ...options(), accessKeyId: 'AKIANOBODY', secretAccessKey: 'very-secret' })
    const error = await wrong.getObject('faults', 'x').catch((e: Error) => e)
    expect(error).toMatchObject({ code: 'E_S3', hint: expect.stringContaining('access key') })
    expect(JSON.stringify(error) + String(error)).not.toContain('very-secret')
    await using s = storage()
    await expect(s.putObject('no-such-bucket', 'x', '')).rejects.toThrow(code('E_STORAGE_NO_BUCKET'))
    await using nobody = new Storage({ ...options(), endpoint: 'http://127.0.0.1:1' })
    await expect(nobody.getObject('b12', 'k')).rejects.toThrow(code('E_S3_UNREACHABLE'))
  })
})

describe('aws_s3', () => {
  it('signs URLs for browsers', async () => {
    await using s = new Storage(options())
    const put = await s.presignedUrl('PUT', 'faults', 'süß/url', 60)
    expect((await fetch(put, { method: 'PUT', body: 'from a browser' })).status).toBe(200)
    const get = await s.presignedUrl('GET', 'faults', 'süß/url', 60)
    expect(await (await fetch(get)).text()).toBe('from a browser')
    expect((await fetch(get.replace('url', 'other'))).status).toBe(403)
    s3.faults.clockSkew = 61_000
    expect((await fetch(get)).status).toBe(403)
    await expect(s.presignedUrl('GET', 'faults', 'x', 8 * 24 * 3600)).rejects.toThrow(code('E_STORAGE_OPTIONS'))
  })

  it('works with servers of the older kind by compat', async () => {
    await using s = new Storage({ ...options(), compat: true })
    await s.putObject('faults', 'compat/a', 'a')
    await s.putObject('faults', 'compat/b', 'b')
    await s.deleteObjects('faults', ['compat/a', 'compat/b'])
    expect(await s.listKeys('faults', 'compat/')).toEqual([])
  })

  it('leaves no connection behind', async () => {
    const own = await startS3({ credentials: s3.credentials, buckets: ['mine'] })
    const s = new Storage({ ...options(), endpoint: own.endpoint })
    await Promise.all(Array.from({ length: 40 }, (_, i) => s.putObject('mine', `${i}`, 'x')))
    expect(own.connections()).toBeGreaterThan(0)
    await s.close()
    await expect.poll(() => own.connections(), { timeout: 10_000 }).toBe(0)
    await own.close()
  })
})

async function* halves(bytes: Uint8Array) {
  yield bytes.subarray(0, bytes.length >> 1)
  yield bytes.subarray(bytes.length >> 1)
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const chunk of source) size += chunk.byteLength
  return size
}
