/**
 * What `Storage` asks of a place where objects live, and nothing more. The shape fits S3 exactly: flat keys, whole-object
 * writes, conditional puts, ranges, pages ordered by UTF-8 bytes, multipart. Every driver passes `contract.ts` unchanged.
 * Names are checked before a driver sees them; a driver throws the errors of `errors.ts` and no others of its own.
 */

export type Bytes = Uint8Array<ArrayBuffer>

export interface ObjectInfo {
  key: string
  /** Bytes. */
  size: number
  lastModified: Date
  /** Changes whenever the object does. Opaque: no driver promises a hash of the content. */
  etag: string
  /** Only from `head` and reads, when it was given at the put; lists leave it out, as on S3. */
  contentType?: string
  /** Only from `head` and reads, when it was given at the put. Names are lower case. */
  metadata?: Record<string, string>
}

export interface PutOptions {
  /** `'*'`: only if no object has this key; otherwise `E_STORAGE_EXISTS`. The first of several writers wins. */
  ifNoneMatch?: '*'
  /** Only if the object still has this etag: `E_STORAGE_PRECONDITION` if it has another, `E_STORAGE_NOT_FOUND` if it is gone. */
  ifMatch?: string
  contentType?: string
  /** Small text values by name; names are made lower case, as HTTP headers are. */
  metadata?: Record<string, string>
}

export interface ByteRange {
  /** First byte; negative counts from the end (`-16`: the last 16 bytes). */
  start: number
  /** Last byte, included, as in HTTP; without it to the end. What lies beyond the end is left out, up to an empty result. */
  end?: number
}

export interface GetOptions {
  range?: ByteRange
  /** Only if the object has this etag, else `E_STORAGE_PRECONDITION`. */
  ifMatch?: string
}

export interface DeleteOptions {
  /** Only if the object still has this etag, else `E_STORAGE_PRECONDITION`; nothing happens to one that is gone. */
  ifMatch?: string
}

export interface ListOptions {
  prefix?: string
  /** Keys that have it after the prefix are folded into `prefixes`, up to and including it. */
  delimiter?: string
  /** Only keys behind this one. */
  startAfter?: string
  /** `next` of the page before; goes with the same other options. */
  token?: string
  /** Objects and prefixes per page, 1 or more. Default: what suits the driver; a page may always be shorter. */
  maxKeys?: number
}

export interface ListPage {
  /** In the order of their keys' UTF-8 bytes. */
  objects: ObjectInfo[]
  prefixes: string[]
  /** There is more: the `token` of the next page. */
  next?: string
}

export interface Place {
  bucket: string
  key: string
}

/** What a part of a multipart upload is known by. */
export interface UploadedPart {
  /** From 1 to 10,000; parts are put together in this order. */
  number: number
  etag: string
}

export interface Opened {
  info: ObjectInfo
  /** To be read or left (`return()`): reads ahead no further than its consumer, and ends when the consumer leaves. */
  body: AsyncIterableIterator<Uint8Array>
}

export interface StorageDriver {
  /** As in configurations and cloud objects: `localhost`, `memory`, `redis`, `aws_s3`. */
  readonly name: string
  /** Publishes the whole object or nothing, also when the body fails half-way or this process is killed. */
  put(place: Place, body: Uint8Array | AsyncIterable<Uint8Array>, options: PutOptions): Promise<ObjectInfo>
  get(place: Place, options: GetOptions): Promise<{ info: ObjectInfo; body: Bytes }>
  stream(place: Place, options: GetOptions): Promise<Opened>
  head(place: Place): Promise<ObjectInfo>
  list(bucket: string, options: ListOptions): Promise<ListPage>
  /** Keys without an object are no error. */
  delete(bucket: string, keys: readonly string[], options: DeleteOptions): Promise<void>
  /** Content type and metadata go along unless given anew. */
  copy(from: Place, to: Place, options: PutOptions): Promise<ObjectInfo>
  /** Opens an upload and answers its id. Nothing of it is visible before `completeMultipart`. */
  createMultipart(place: Place, options: PutOptions): Promise<string>
  /** A part sent twice replaces the first. */
  uploadPart(place: Place, uploadId: string, number: number, body: Uint8Array): Promise<UploadedPart>
  /** Conditions are those of `createMultipart` and of `options` together. `E_STORAGE_UPLOAD` for an unknown upload or part. */
  completeMultipart(
    place: Place,
    uploadId: string,
    parts: readonly UploadedPart[],
    options: PutOptions,
  ): Promise<ObjectInfo>
  /** An unknown upload is no error. */
  abortMultipart(place: Place, uploadId: string): Promise<void>
  /** Idempotent. Drivers without buckets of their own make them with the first object. */
  createBucket(bucket: string): Promise<void>
  /** A URL that needs no credentials, for `seconds`. */
  presign?(method: 'GET' | 'PUT', place: Place, seconds: number): Promise<string>
  /** The file behind an object, where there is one; it need not exist. */
  path?(place: Place): string
  /** Lets connections go. Idempotent. */
  close(): Promise<void>
}

/** Content type and metadata out of a larger object, without the keys that are not set. */
export function described({ contentType, metadata }: Pick<PutOptions, 'contentType' | 'metadata'>) {
  return { ...(contentType === undefined ? {} : { contentType }), ...(metadata === undefined ? {} : { metadata }) }
}
