/**
 * Storage `aws_s3`: Amazon S3, and servers that speak as it does, through the SDK at its defaults. Requests are repeated here and
 * not in the SDK, because here it is known which answers may have been lost: a conditional write leaves a mark of its writer, so
 * that a writer who is told "it is already there" knows whether it was itself. Long, because it is one verb after another.
 */
import { randomBytes } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { MayflyError } from '../../errors.js'
import type {
  ByteRange,
  Bytes,
  DeleteOptions,
  GetOptions,
  ListOptions,
  ListPage,
  ObjectInfo,
  Opened,
  Place,
  PutOptions,
  StorageDriver,
  UploadedPart,
} from '../driver.js'
import { described } from '../driver.js'
import { badUpload } from '../errors.js'
import { checkRange } from '../ranges.js'
import { makeClient } from './client.js'
import { conditionsOf, description, infoOf, WRITER, written } from './describe.js'
import { codeOf, statusOf, translate } from './errors.js'
import type { AwsS3Config } from './options.js'
import { cut, eachOf } from './parts.js'
import { type Incoming, ObjectReader } from './reader.js'
import { type Attempted, persist } from './retry.js'

/** Bodies above it are sent in parts. */
const SINGLE = 32 * 1024 ** 2
/** Parts under way at once for one object: with the one that fills, four are in memory. */
const WIDTH = 3
const DELETE_BATCH = 1_000

/** S3 copies up to 5 GiB in one request, and more in parts. */
const COPY = { single: 5 * 1024 ** 3, part: 512 * 1024 ** 2 }

export class AwsS3Driver implements StorageDriver {
  readonly name = 'aws_s3'
  readonly #config: AwsS3Config
  readonly #client: S3Client
  readonly #copyLimits: typeof COPY
  #presigner: S3Client | undefined

  constructor(config: AwsS3Config, copyLimits = COPY) {
    this.#config = config
    this.#client = makeClient(config)
    this.#copyLimits = copyLimits
  }

  async put(place: Place, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<ObjectInfo> {
    if (body instanceof Uint8Array && body.byteLength <= SINGLE) return this.#putWhole(place, body, options)
    const parts = cut(body instanceof Uint8Array ? [body] : body)
    const first = await parts.next()
    const second = first.done ? first : await parts.next()
    if (second.done) return this.#putWhole(place, first.value ?? new Uint8Array(), options)
    const all = (async function* () {
      yield first.value as Uint8Array
      yield second.value
      yield* parts
    })()
    const id = await this.createMultipart(place, options)
    try {
      let size = 0
      const sent = await eachOf(all, WIDTH, (part, index) => {
        size += part.byteLength
        return this.uploadPart(place, id, index + 1, part)
      })
      return { ...(await this.#complete(place, id, sent, options)), ...described(options), size }
    } catch (error) {
      await this.abortMultipart(place, id).catch(() => undefined)
      throw error
    }
  }

  async get(place: Place, options: GetOptions): Promise<{ info: ObjectInfo; body: Bytes }> {
    const { info, length, body: reader } = await this.#open(place, options)
    const body = new Uint8Array(length)
    let at = 0
    for await (const chunk of reader) {
      body.set(chunk, at)
      at += chunk.byteLength
    }
    return { info, body }
  }

  async stream(place: Place, options: GetOptions): Promise<Opened> {
    const { info, body } = await this.#open(place, options)
    return { info, body }
  }

  async head(place: Place): Promise<ObjectInfo> {
    const answer = await this.#head(place)
    return infoOf(place.key, answer.ContentLength ?? 0, answer)
  }

  async list(bucket: string, options: ListOptions): Promise<ListPage> {
    const { prefix, delimiter, startAfter, token, maxKeys = 1_000 } = options
    const place = { bucket, key: prefix ?? '' }
    try {
      const answer = await this.#call('ListObjectsV2', place, {}, () =>
        this.#client.send(
          new ListObjectsV2Command({
            ...{ Bucket: bucket, MaxKeys: Math.min(maxKeys, 1_000), EncodingType: 'url' },
            ...(prefix ? { Prefix: prefix } : {}),
            ...(delimiter ? { Delimiter: delimiter } : {}),
            ...(token ? { ContinuationToken: token } : startAfter ? { StartAfter: startAfter } : {}),
          }),
        ),
      )
      const plain = answer.EncodingType === 'url' ? fromUrl : (text: string) => text
      return {
        objects: (answer.Contents ?? []).map((object) => infoOf(plain(object.Key!), object.Size ?? 0, object)),
        prefixes: (answer.CommonPrefixes ?? []).map((one) => plain(one.Prefix!)),
        ...(answer.IsTruncated && answer.NextContinuationToken ? { next: answer.NextContinuationToken } : {}),
      }
    } catch (error) {
      // As on every storage, a bucket that is not there has no objects.
      if ((error as MayflyError).code === 'E_STORAGE_NOT_FOUND') return { objects: [], prefixes: [] }
      throw error
    }
  }

  async delete(bucket: string, keys: readonly string[], options: DeleteOptions): Promise<void> {
    try {
      if (keys.length === 1 || options.ifMatch !== undefined) {
        await eachOf(keys, 32, (key) => this.#deleteOne({ bucket, key }, options))
        return
      }
      const batches = Array.from({ length: Math.ceil(keys.length / DELETE_BATCH) }, (_, i) =>
        keys.slice(i * DELETE_BATCH, (i + 1) * DELETE_BATCH),
      )
      await eachOf(batches, 4, (batch) => this.#deleteBatch(bucket, batch))
    } catch (error) {
      if ((error as MayflyError).code !== 'E_STORAGE_NOT_FOUND') throw error
    }
  }

  async copy(from: Place, to: Place, options: PutOptions): Promise<ObjectInfo> {
    const source = await this.head(from)
    const all = { ...described(source), ...options }
    if (source.size > this.#copyLimits.single) return this.#copyParts(from, source, to, all)
    const writer = randomBytes(12).toString('hex')
    const conditional = options.ifMatch !== undefined || options.ifNoneMatch !== undefined
    const answer = await this.#commit('CopyObject', to, options, writer, () =>
      this.#client.send(
        new CopyObjectCommand({
          ...{ Bucket: to.bucket, Key: to.key, CopySource: sourceOf(from), CopySourceIfMatch: source.etag },
          ...{ MetadataDirective: 'REPLACE', ...description(all, conditional ? writer : undefined) },
          ...conditionsOf(options),
        }),
      ),
    )
    const etag = 'CopyObjectResult' in answer ? answer.CopyObjectResult?.ETag : (answer as { ETag?: string }).ETag
    return written(to.key, source.size, etag, all)
  }

  async createMultipart(place: Place, options: PutOptions): Promise<string> {
    const writer = randomBytes(12).toString('hex')
    const answer = await this.#call('CreateMultipartUpload', place, {}, () =>
      this.#client.send(
        new CreateMultipartUploadCommand({ Bucket: place.bucket, Key: place.key, ...description(options, writer) }),
      ),
    )
    return uploadText({ id: answer.UploadId!, writer, ...conditionsOnly(options) })
  }

  async uploadPart(place: Place, uploadId: string, number: number, body: Uint8Array): Promise<UploadedPart> {
    const answer = await this.#call('UploadPart', place, {}, () =>
      this.#client.send(
        new UploadPartCommand({
          ...{ Bucket: place.bucket, Key: place.key, UploadId: uploadOf(uploadId).id },
          ...{ PartNumber: number, Body: body },
        }),
      ),
    )
    return { number, etag: answer.ETag! }
  }

  async completeMultipart(place: Place, uploadId: string, parts: readonly UploadedPart[], options: PutOptions) {
    await this.#complete(place, uploadId, parts, options)
    return this.head(place)
  }

  async abortMultipart(place: Place, uploadId: string): Promise<void> {
    try {
      await this.#call('AbortMultipartUpload', place, {}, () =>
        this.#client.send(
          new AbortMultipartUploadCommand({ Bucket: place.bucket, Key: place.key, UploadId: uploadOf(uploadId).id }),
        ),
      )
    } catch (error) {
      if ((error as MayflyError).code !== 'E_STORAGE_UPLOAD') throw error
    }
  }

  async createBucket(bucket: string): Promise<void> {
    try {
      await this.#call('CreateBucket', { bucket, key: '' }, {}, () =>
        this.#client.send(new CreateBucketCommand({ Bucket: bucket })),
      )
    } catch (error) {
      if (codeOf((error as Error).cause ?? {}) !== 'BucketAlreadyOwnedByYou') throw error
    }
  }

  async presign(method: 'GET' | 'PUT', { bucket, key }: Place, seconds: number): Promise<string> {
    if (!(seconds >= 1 && seconds <= 604_800)) {
      throw new MayflyError('E_STORAGE_OPTIONS', `${seconds} seconds: a URL of S3 is good for 1 second to 7 days`, {
        hint: 'Give a number of seconds between 1 and 604800.',
      })
    }
    const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
    // A checksum in the URL would be that of no body.
    this.#presigner ??= makeClient(this.#config, 'WHEN_REQUIRED')
    const place = { Bucket: bucket, Key: key }
    const command = method === 'GET' ? new GetObjectCommand(place) : (new PutObjectCommand(place) as never)
    return getSignedUrl(this.#presigner, command, { expiresIn: Math.floor(seconds) })
  }

  async close(): Promise<void> {
    this.#client.destroy()
    this.#presigner?.destroy()
  }

  /** Repeats while it may help; what remains is an error of ours. */
  async #call<T>(
    operation: string,
    place: Place,
    options: PutOptions,
    work: (state: Attempted) => Promise<T>,
  ): Promise<T> {
    try {
      return await persist(work)
    } catch (error) {
      throw translate(error, operation, place, options)
    }
  }

  /** A write that may be told that it came too late by itself: by an attempt whose answer was lost. */
  #commit<T>(operation: string, place: Place, options: PutOptions, writer: string, work: () => Promise<T>) {
    return this.#call(operation, place, options, async ({ ambiguous }) => {
      try {
        return await work()
      } catch (error) {
        if (!ambiguous || ![404, 412].includes(statusOf(error))) throw error
        const present = await this.#head(place).catch(() => undefined)
        if (present?.Metadata?.[WRITER] === writer) return { ETag: present.ETag! }
        throw error
      }
    })
  }

  async #putWhole(place: Place, body: Uint8Array, options: PutOptions): Promise<ObjectInfo> {
    const conditional = options.ifMatch !== undefined || options.ifNoneMatch !== undefined
    const writer = randomBytes(12).toString('hex')
    const answer = await this.#commit('PutObject', place, options, writer, () =>
      this.#client.send(
        new PutObjectCommand({
          ...{ Bucket: place.bucket, Key: place.key, Body: body },
          ...description(options, conditional ? writer : undefined),
          ...conditionsOf(options),
        }),
      ),
    )
    return written(place.key, body.byteLength, answer.ETag, options)
  }

  async #complete(place: Place, text: string, parts: readonly UploadedPart[], options: PutOptions) {
    if (parts.length === 0) throw badUpload(place, 'it has no parts')
    const upload = uploadOf(text)
    const all = { ...conditionsOnly(upload), ...conditionsOnly(options) }
    const answer = await this.#commit('CompleteMultipartUpload', place, all, upload.writer, () =>
      this.#client.send(
        new CompleteMultipartUploadCommand({
          ...{ Bucket: place.bucket, Key: place.key, UploadId: upload.id, ...conditionsOf(all) },
          MultipartUpload: { Parts: parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
        }),
      ),
    )
    return written(place.key, 0, answer.ETag, {})
  }

  async #copyParts(from: Place, source: ObjectInfo, to: Place, options: PutOptions): Promise<ObjectInfo> {
    const id = await this.createMultipart(to, options)
    try {
      const length = Math.max(this.#copyLimits.part, Math.ceil(source.size / 10_000))
      const starts = Array.from({ length: Math.ceil(source.size / length) }, (_, i) => i * length)
      const parts = await eachOf(starts, 8, async (start, index) => {
        const answer = await this.#call('UploadPartCopy', to, {}, () =>
          this.#client.send(
            new UploadPartCopyCommand({
              ...{ Bucket: to.bucket, Key: to.key, UploadId: uploadOf(id).id, PartNumber: index + 1 },
              ...{ CopySource: sourceOf(from), CopySourceIfMatch: source.etag },
              CopySourceRange: `bytes=${start}-${Math.min(start + length, source.size) - 1}`,
            }),
          ),
        )
        return { number: index + 1, etag: answer.CopyPartResult!.ETag! }
      })
      const { etag } = await this.#complete(to, id, parts, options)
      return written(to.key, source.size, etag, options)
    } catch (error) {
      await this.abortMultipart(to, id).catch(() => undefined)
      throw error
    }
  }

  #head(place: Place) {
    return this.#call('HeadObject', place, {}, () =>
      this.#client.send(new HeadObjectCommand({ Bucket: place.bucket, Key: place.key })),
    )
  }

  async #open(place: Place, { range, ifMatch }: GetOptions) {
    if (range) checkRange(range, place.key)
    const send = (header: string | undefined, etag: string | undefined) =>
      this.#call('GetObject', place, {}, async () => {
        try {
          return await this.#client.send(
            new GetObjectCommand({
              ...{ Bucket: place.bucket, Key: place.key },
              ...(header === undefined ? {} : { Range: header }),
              ...(etag === undefined ? {} : { IfMatch: etag }),
            }),
          )
        } catch (error) {
          if (statusOf(error) === 416) return undefined
          throw error
        }
      })
    const answer = await send(range && rangeHeader(range), ifMatch)
    if (!answer) {
      // Beyond the end there is nothing, which is no error here.
      const body = new ObjectReader(Object.assign(nothing(), { destroy: () => undefined }), 0, () => Promise.reject())
      return { info: await this.head(place), length: 0, body }
    }
    const length = answer.ContentLength ?? 0
    const [, first, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.ContentRange ?? '') ?? [null, '0', String(length)]
    const info = infoOf(place.key, Number(size), answer)
    const body = new ObjectReader(answer.Body as unknown as Incoming, length, async (from) => {
      const start = Number(first) + from
      const again = await send(`bytes=${start}-${Number(first) + length - 1}`, info.etag)
      return again!.Body as unknown as Incoming
    })
    return { info, length, body }
  }

  async #deleteOne(place: Place, { ifMatch }: DeleteOptions): Promise<void> {
    try {
      await this.#call('DeleteObject', place, {}, () =>
        this.#client.send(
          new DeleteObjectCommand({
            Bucket: place.bucket,
            Key: place.key,
            ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
          }),
        ),
      )
    } catch (error) {
      const code = (error as MayflyError).code
      if (code === 'E_STORAGE_NOT_FOUND') return
      // Some servers say so of one that is gone, too.
      if (code === 'E_STORAGE_PRECONDITION') await this.head(place)
      throw error
    }
  }

  async #deleteBatch(bucket: string, keys: readonly string[]): Promise<void> {
    let left = keys
    await this.#call('DeleteObjects', { bucket, key: '' }, {}, async () => {
      const Objects = left.map((Key) => ({ Key }))
      const { Errors = [] } = await this.#client.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
      )
      left = Errors.map(({ Key }) => Key!)
      const [first] = Errors
      if (first)
        throw Object.assign(new Error(`${first.Key}: ${first.Message}`), {
          name: first.Code,
          $metadata: { httpStatusCode: 200 },
        })
    })
  }
}

interface Upload {
  id: string
  /** Mark of who began it; see `WRITER`. */
  writer: string
  ifMatch?: string
  ifNoneMatch?: '*'
}

/** An upload travels as text: S3's own id, the mark, and the condition that S3 wants to hear at the end. */
function uploadText({ id, writer, ifMatch, ifNoneMatch }: Upload): string {
  return [id, writer, ifNoneMatch ?? (ifMatch === undefined ? '' : `=${ifMatch}`)].join('|')
}

function uploadOf(text: string): Upload {
  const [id = '', writer = '', condition = ''] = text.split('|')
  const conditions =
    condition === '*' ? { ifNoneMatch: '*' as const } : condition ? { ifMatch: condition.slice(1) } : {}
  return { id, writer, ...conditions }
}

function conditionsOnly({ ifMatch, ifNoneMatch }: PutOptions): PutOptions {
  return { ...(ifMatch === undefined ? {} : { ifMatch }), ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }) }
}

function rangeHeader({ start, end }: ByteRange): string {
  return start < 0 ? `bytes=${start}` : `bytes=${start}-${end ?? ''}`
}

function sourceOf({ bucket, key }: Place): string {
  return `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`
}

function fromUrl(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
