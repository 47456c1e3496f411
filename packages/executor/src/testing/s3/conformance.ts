/**
 * What an S3 must do, as forty checks with the real SDK at its defaults. The double passes all; other servers, too, but for the
 * deviations listed for them, which are asserted as such: one that is gone should leave the list. Long, because it is one list.
 */
import { createHash, randomBytes } from 'node:crypto'
import { Agent } from 'node:http'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

export interface S3Endpoint {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  /** Domain below which buckets are hosts. */
  domain?: string
}

const MB = 1024 * 1024
const md5 = (bytes: Uint8Array | string) => createHash('md5').update(bytes).digest('hex')

/** Runs the checks; those named in `deviations` must fail. */
export function s3Conformance(name: string, server: () => S3Endpoint, deviations: readonly string[] = []): void {
  const Bucket = `conformance-${randomBytes(4).toString('hex')}`
  let s3: S3Client
  const client = (more: object = {}) => {
    const { endpoint, region, credentials } = server()
    return new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1, ...more })
  }
  const put = (Key: string, Body: PutObjectCommandInput['Body'], more: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
  const get = async (Key: string, more: Partial<GetObjectCommandInput> = {}) => {
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))
    return { ...answer, text: await answer.Body!.transformToString() }
  }
  const keys = async (more: object = {}) =>
    ((await s3.send(new ListObjectsV2Command({ Bucket, ...more }))).Contents ?? []).map(({ Key }) => Key)
  const refused = async (work: Promise<unknown>, status: number, code?: string) => {
    const error = await work.then(
      () => undefined,
      (error: unknown) => error as { name: string; $metadata: { httpStatusCode: number } },
    )
    expect(error?.$metadata?.httpStatusCode).toBe(status)
    if (code) expect(error?.name).toBe(code)
  }
  const upload = async (Key: string, bodies: Uint8Array[], more: object = {}) => {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    const Parts = await Promise.all(
      bodies.map(async (Body, i) => {
        const part = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, Body }))
        return { PartNumber: i + 1, ETag: part.ETag }
      }),
    )
    const complete = (list = Parts) =>
      s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: list }, ...more }))
    return { UploadId, Parts, complete }
  }
  const check = (title: string, body: () => Promise<void>) => (deviations.includes(title) ? it.fails : it)(title, body)

  describe(`${name} is an S3`, () => {
    beforeAll(async () => {
      s3 = client()
      await s3.send(new CreateBucketCommand({ Bucket }))
    })
    afterAll(() => s3.destroy())

    check('create and head bucket', async () => {
      await s3.send(new HeadBucketCommand({ Bucket }))
      await refused(s3.send(new HeadBucketCommand({ Bucket: `${Bucket}-not` })), 404)
    })
    check('put and get a buffer', async () => {
      expect((await put('buffer', Buffer.from('hello'))).ETag).toBe(`"${md5('hello')}"`)
      expect((await get('buffer')).text).toBe('hello')
    })
    check('metadata and content type', async () => {
      await put('meta', 'x', { ContentType: 'text/csv', Metadata: { owner: 'ada', 'with-dash': ' 1 ' } })
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'meta' }))
      expect(head).toMatchObject({ ContentType: 'text/csv', ContentLength: 1, Metadata: { owner: 'ada' } })
    })
    check('no bytes at all', async () => {
      await put('empty', '')
      expect((await get('empty')).text).toBe('')
    })
    check('odd keys', async () => {
      const odd = ['odd/with space', 'odd/süß/日本', 'odd/a+b&c=d?e#f', "odd/!'()*~", 'odd//double', 'odd/100%']
      for (const key of odd) await put(key, key)
      for (const key of odd) expect((await get(key)).text).toBe(key)
      expect(await keys({ Prefix: 'odd/' })).toEqual(
        [...odd].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
      )
    })
    check('missing key is NoSuchKey', () => refused(get('missing'), 404, 'NoSuchKey'))
    check('missing bucket is NoSuchBucket', () =>
      refused(s3.send(new PutObjectCommand({ Bucket: `${Bucket}-not`, Key: 'x', Body: '' })), 404, 'NoSuchBucket'),
    )
    check('stored CRC32 is returned', async () => {
      await put('crc', 'hello')
      const { ChecksumCRC32 } = await s3.send(new HeadObjectCommand({ Bucket, Key: 'crc', ChecksumMode: 'ENABLED' }))
      expect(ChecksumCRC32).toBe('NhCmhg==')
    })
    check('put of a stream with a trailer', async () => {
      const body = randomBytes(300_000)
      await put('stream', Readable.from([body.subarray(0, 99_999), body.subarray(99_999)]), {
        ContentLength: body.length,
      })
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'stream' }))
      expect(Buffer.compare(await answer.Body!.transformToByteArray(), body)).toBe(0)
    })
    check('wrong CRC32 is refused', () => refused(put('bad', 'hello', { ChecksumCRC32: 'AAAAAA==' }), 400, 'BadDigest'))
    check('wrong Content-MD5 is refused', () =>
      refused(put('bad', 'hello', { ContentMD5: Buffer.alloc(16).toString('base64') }), 400, 'BadDigest'),
    )
    check('range', async () => {
      await put('range', '0123456789')
      const answer = await get('range', { Range: 'bytes=2-4' })
      expect([answer.text, answer.ContentRange]).toEqual(['234', 'bytes 2-4/10'])
    })
    check('clipped range', async () => expect((await get('range', { Range: 'bytes=8-99' })).text).toBe('89'))
    check('range beyond the end is 416', () => refused(get('range', { Range: 'bytes=10-' }), 416, 'InvalidRange'))
    check('suffix range', async () => expect((await get('range', { Range: 'bytes=-3' })).text).toBe('789'))
    check('If-None-Match on an existing key is 412', async () => {
      await put('once', '1', { IfNoneMatch: '*' })
      await refused(put('once', '2', { IfNoneMatch: '*' }), 412, 'PreconditionFailed')
      expect((await get('once')).text).toBe('1')
    })
    check('of twenty concurrent If-None-Match one wins', async () => {
      const all = Array.from({ length: 20 }, (_, i) => put('race', `${i}`, { IfNoneMatch: '*' }))
      expect((await Promise.allSettled(all)).filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })
    check('If-Match compares and swaps', async () => {
      const { ETag } = await put('swap', '1')
      await put('swap', '2', { IfMatch: ETag })
      await refused(put('swap', '3', { IfMatch: ETag }), 412, 'PreconditionFailed')
    })
    check('If-Match on a missing key is 404', () => refused(put('gone', '1', { IfMatch: '"0"' }), 404, 'NoSuchKey'))
    check('get If-None-Match is 304', async () => {
      const { ETag } = await put('cond', '1')
      await refused(get('cond', { IfNoneMatch: ETag }), 304)
    })
    check('get If-Match is 412', () => refused(get('cond', { IfMatch: '"0"' }), 412))
    check('delete If-Match', async () => {
      const { ETag } = await put('del', '1')
      await refused(s3.send(new DeleteObjectCommand({ Bucket, Key: 'del', IfMatch: '"0"' })), 412)
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'del', IfMatch: ETag }))
      await refused(get('del'), 404)
    })
    check('delete of nothing is 204', async () => {
      const answer = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'never' }))
      expect(answer.$metadata.httpStatusCode).toBe(204)
    })
    check('copy', async () => {
      await put('copy from', 'c', { ContentType: 'a/b' })
      await s3.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/copy%20from` }))
      const answer = await get('copied')
      expect([answer.text, answer.ContentType]).toEqual(['c', 'a/b'])
    })
    check('UploadPartCopy with a range', async () => {
      await put('part-source', '0123456789')
      const { UploadId } = await upload('part-copied', [])
      const input = { Bucket, Key: 'part-copied', UploadId }
      const from = { CopySource: `${Bucket}/part-source`, CopySourceRange: 'bytes=3-5' }
      const { CopyPartResult } = await s3.send(new UploadPartCopyCommand({ ...input, ...from, PartNumber: 1 }))
      const Parts = [{ PartNumber: 1, ETag: CopyPartResult!.ETag }]
      await s3.send(new CompleteMultipartUploadCommand({ ...input, MultipartUpload: { Parts } }))
      expect((await get('part-copied')).text).toBe('345')
    })
    check('list in pages', async () => {
      await Promise.all(Array.from({ length: 25 }, (_, i) => put(`page/${String(i).padStart(2, '0')}`, '')))
      const seen: (string | undefined)[] = []
      let token: string | undefined
      do {
        const more = { Prefix: 'page/', MaxKeys: 10, ...(token ? { ContinuationToken: token } : {}) }
        const page = await s3.send(new ListObjectsV2Command({ Bucket, ...more }))
        expect(page.KeyCount).toBe(page.Contents!.length)
        seen.push(...page.Contents!.map(({ Key }) => Key))
        token = page.NextContinuationToken
      } while (token)
      expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `page/${String(i).padStart(2, '0')}`))
    })
    check('StartAfter', async () =>
      expect(await keys({ Prefix: 'page/', StartAfter: 'page/22' })).toEqual(['page/23', 'page/24']),
    )
    check('Delimiter', async () => {
      for (const key of ['fold/a/1', 'fold/a/2', 'fold/b', 'fold/c/1']) await put(key, '')
      const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'fold/', Delimiter: '/' }))
      expect(page.Contents!.map(({ Key }) => Key)).toEqual(['fold/b'])
      expect(page.CommonPrefixes!.map(({ Prefix }) => Prefix)).toEqual(['fold/a/', 'fold/c/'])
    })
    check('encoding-type url', async () => {
      await put('url/a b+c', '')
      const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'url/', EncodingType: 'url' }))
      expect(decodeURIComponent(page.Contents![0]!.Key!.replaceAll('+', ' '))).toBe('url/a b+c')
    })
    check('what was written is listed, what was deleted is not', async () => {
      for (let i = 0; i < 10; i++) {
        await put(`now/${i}`, '')
        expect(await keys({ Prefix: 'now/' })).toEqual([`now/${i}`])
        await s3.send(new DeleteObjectCommand({ Bucket, Key: `now/${i}` }))
        expect(await keys({ Prefix: 'now/' })).toEqual([])
      }
    })
    check('multipart: parts are listed, the etag is of the parts, ranges go across', async () => {
      const bodies = [randomBytes(5 * MB), Buffer.from('tail')]
      const { UploadId, complete } = await upload('multi', bodies)
      const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key: 'multi', UploadId }))
      expect(Parts!.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
        [1, 5 * MB],
        [2, 4],
      ])
      const joined = Buffer.from(bodies.map((body) => md5(body)).join(''), 'hex')
      expect((await complete()).ETag).toBe(`"${md5(joined)}-2"`)
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'multi', Range: `bytes=${5 * MB - 1}-` }))
      expect(
        Buffer.from(await answer.Body!.transformToByteArray())
          .subarray(1)
          .toString(),
      ).toBe('tail')
    })
    check('upload of a 12 MB stream by lib-storage', async () => {
      const body = randomBytes(12 * MB)
      await new Upload({ client: s3, params: { Bucket, Key: 'lib', Body: Readable.from([body]) } }).done()
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'lib' }))
      expect(md5(await answer.Body!.transformToByteArray())).toBe(md5(body))
    })
    check('complete with If-None-Match on an existing key is 412', async () => {
      await put('multi-once', '1')
      const { complete } = await upload('multi-once', [Buffer.from('2')], { IfNoneMatch: '*' })
      await refused(complete(), 412, 'PreconditionFailed')
    })
    check('a small part that is not the last is EntityTooSmall', async () => {
      const { complete } = await upload('small', [Buffer.from('1'), Buffer.from('2')])
      await refused(complete(), 400, 'EntityTooSmall')
    })
    check('abort and ListMultipartUploads', async () => {
      const { UploadId } = await upload('aborted', [Buffer.from('x')])
      const open = async () => {
        const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'aborted' }))
        return Uploads.map((one) => one.UploadId)
      }
      expect(await open()).toEqual([UploadId])
      await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'aborted', UploadId }))
      expect(await open()).toEqual([])
    })
    check('GetObjectAttributes', async () => {
      const { ETag } = await put('attributes', 'hello')
      const input = { Bucket, Key: 'attributes', ObjectAttributes: ['ETag' as const, 'ObjectSize' as const] }
      const answer = await s3.send(new GetObjectAttributesCommand(input))
      expect(answer).toMatchObject({ ETag: ETag!.replaceAll('"', ''), ObjectSize: 5 })
    })
    check('wrong signature is 403', async () => {
      const { credentials } = server()
      const wrong = client({ credentials: { ...credentials, secretAccessKey: 'wrong' } })
      await refused(wrong.send(new GetObjectCommand({ Bucket, Key: 'buffer' })), 403, 'SignatureDoesNotMatch')
      wrong.destroy()
    })
    check('presigned URL, until it is changed', async () => {
      const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'buffer' }), { expiresIn: 60 })
      expect(await (await fetch(url)).text()).toBe('hello')
      expect((await fetch(url.replace('/buffer', '/empty'))).status).toBe(403)
    })
    check('bucket as host', async () => {
      const { endpoint, domain = 's3.localhost' } = server()
      // Names below localhost are not everywhere known.
      const lookup: LookupFunction = (_host, options, answer) =>
        options.all ? answer(null, [{ address: '127.0.0.1', family: 4 }]) : answer(null, '127.0.0.1', 4)
      const handler = { httpAgent: new Agent({ lookup }) }
      const hosted = client({
        ...{ endpoint: `http://${domain}:${new URL(endpoint).port}`, forcePathStyle: false, requestHandler: handler },
      })
      await hosted.send(new PutObjectCommand({ Bucket, Key: 'by host', Body: 'h' }))
      expect((await get('by host')).text).toBe('h')
      hosted.destroy()
    })
    check('DeleteObjects as the SDK sends it', async () => {
      const all = ['batch/1', 'batch/2', 'batch/<&>']
      for (const key of all) await put(key, '')
      const Objects = [...all, 'batch/none'].map((Key) => ({ Key }))
      const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }))
      expect([Deleted!.length, Errors ?? []]).toEqual([4, []])
      expect(await keys({ Prefix: 'batch/' })).toEqual([])
    })
  })
}
