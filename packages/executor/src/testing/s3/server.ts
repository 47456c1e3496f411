/**
 * A strict S3: an HTTP server that clients of the real service talk to, made of their rules and not of their good will. It
 * verifies signatures, checksums, chunk framing and conditions, and answers with S3's own errors. Objects live in memory.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { receive } from './body.js'
import * as inBuckets from './buckets.js'
import { S3Error } from './errors.js'
import { Faults } from './faults.js'
import * as inParts from './multipart.js'
import * as inObjects from './objects.js'
import type { Buckets, S3Request, S3Response } from './request.js'
import { verify } from './signature.js'
import { Bucket } from './store.js'
import { toXml } from './xml.js'

export interface S3Options {
  /** Default: a free one. */
  port?: number
  /** Default `us-east-1`. */
  region?: string
  /** Default: new random ones. */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  /** Buckets that are there from the start. */
  buckets?: string[]
  /** Hosts under which buckets are subdomains. Default `s3.localhost` and `s3.<region>.amazonaws.com`. */
  hosts?: string[]
}

export interface S3Double {
  /** For clients: `http://127.0.0.1:port`; with path style, as an address has no subdomains. */
  endpoint: string
  port: number
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  faults: Faults
  /** How many requests of each operation there were, failed ones too. */
  requests: Map<string, number>
  /** What is stored, to look into. */
  buckets: ReadonlyMap<string, Bucket>
  /** Connections that are open now. */
  connections(): number
  close(): Promise<void>
}

/** Starts a double on loopback. */
export async function startS3(options: S3Options = {}): Promise<S3Double> {
  const region = options.region ?? 'us-east-1'
  const credentials = options.credentials ?? {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
  }
  const hosts = options.hosts ?? ['s3.localhost', `s3.${region}.amazonaws.com`]
  const buckets: Buckets = new Map((options.buckets ?? []).map((name) => [name, new Bucket()]))
  const faults = new Faults()
  const requests = new Map<string, number>()
  const sockets = new Set<Socket>()
  const signer = { ...credentials, region }

  const answer = async (message: IncomingMessage, response: ServerResponse) => {
    const id = randomBytes(8).toString('hex').toUpperCase()
    const headers = flat(message)
    const [path, search = ''] = split(message.url!)
    let name = { bucket: '', key: '' }
    let result: S3Response
    let cut: 'lostResponse' | 'truncate' | undefined
    try {
      name = target(path, headers.host ?? '', hosts)
      const query = new URLSearchParams(search.replaceAll('+', '%2B'))
      const method = message.method!
      const operation = operationOf(method, name, query, headers)
      requests.set(operation, (requests.get(operation) ?? 0) + 1)
      const began = buckets.get(name.bucket)?.now ?? 0
      const raw = await readAll(message, headers)
      const now = new Date(Date.now() + faults.clockSkew)
      const conditional = headers['if-none-match'] !== undefined || headers['if-match'] !== undefined
      for (const fault of faults.take(operation, name.key, conditional)) {
        if (fault.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms ?? 100))
        else if (fault.kind === 'slowDown') throw new S3Error('SlowDown')
        else if (fault.kind === 'internalError') throw new S3Error('InternalError')
        else if (fault.kind === 'conflict')
          throw new S3Error('ConditionalRequestConflict', undefined, { Key: name.key })
        else if (fault.kind === 'reset') return void message.socket.destroy()
        else cut = fault.kind
      }
      const verified = verify({ method, path, query, headers }, signer, now.getTime())
      if (Buffer.byteLength(name.key) > 1024)
        throw new S3Error('KeyTooLongError', undefined, { MaxSizeAllowed: '1024' })
      const { bytes, checksum } = receive(raw, headers, verified)
      const request: S3Request = {
        ...{ method, ...name, query, headers, body: bytes, began, now },
        ...(checksum ? { checksum } : {}),
      }
      result = run(operation, buckets, request, region)
    } catch (error) {
      result = refuse(error, path, id)
    }
    if (cut === 'lostResponse') return void message.socket.destroy()
    send(message, response, result, id, faults.clockSkew, cut === 'truncate')
  }

  const server = createServer((message, response) => {
    answer(message, response).catch(() => message.socket.destroy())
  })
  server.keepAliveTimeout = 30_000
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    ...{ endpoint: `http://127.0.0.1:${port}`, port, region, credentials, faults, requests, buckets },
    connections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function run(operation: string, buckets: Buckets, request: S3Request, region: string): S3Response {
  const all: Record<string, () => S3Response> = {
    ListBuckets: () => inBuckets.listBuckets(buckets),
    CreateBucket: () => inBuckets.createBucket(buckets, request, region),
    HeadBucket: () => inBuckets.headBucket(buckets, request, region),
    DeleteBucket: () => inBuckets.deleteBucket(buckets, request),
    ListObjectsV2: () => inBuckets.listObjectsV2(buckets, request),
    DeleteObjects: () => inObjects.deleteObjects(buckets, request),
    PutObject: () => inObjects.putObject(buckets, request),
    CopyObject: () => inObjects.copyObject(buckets, request),
    GetObject: () => inObjects.getObject(buckets, request),
    HeadObject: () => inObjects.getObject(buckets, request),
    DeleteObject: () => inObjects.deleteObject(buckets, request),
    GetObjectAttributes: () => inObjects.getObjectAttributes(buckets, request),
    ListMultipartUploads: () => inParts.listMultipartUploads(buckets, request),
    CreateMultipartUpload: () => inParts.createMultipartUpload(buckets, request),
    UploadPart: () => inParts.uploadPart(buckets, request),
    UploadPartCopy: () => inParts.uploadPartCopy(buckets, request),
    CompleteMultipartUpload: () => inParts.completeMultipartUpload(buckets, request),
    AbortMultipartUpload: () => inParts.abortMultipartUpload(buckets, request),
    ListParts: () => inParts.listParts(buckets, request),
  }
  const found = all[operation]
  if (!found) throw new S3Error('NotImplemented', `${operation} is not implemented`)
  return found()
}

/** The operation's name in the API, from method, place and the query's flags. */
function operationOf(
  method: string,
  { bucket, key }: { bucket: string; key: string },
  query: URLSearchParams,
  headers: Record<string, string>,
): string {
  const is = (name: string) => query.has(name)
  const copy = headers['x-amz-copy-source'] !== undefined
  const names: Record<string, string | undefined> =
    bucket === ''
      ? { GET: 'ListBuckets' }
      : key === ''
        ? {
            GET: is('uploads') ? 'ListMultipartUploads' : query.get('list-type') === '2' ? 'ListObjectsV2' : undefined,
            ...{ PUT: 'CreateBucket', HEAD: 'HeadBucket', DELETE: 'DeleteBucket' },
            POST: is('delete') ? 'DeleteObjects' : undefined,
          }
        : {
            GET: is('attributes') ? 'GetObjectAttributes' : is('uploadId') ? 'ListParts' : 'GetObject',
            PUT: is('uploadId') ? (copy ? 'UploadPartCopy' : 'UploadPart') : copy ? 'CopyObject' : 'PutObject',
            HEAD: 'HeadObject',
            DELETE: is('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject',
            POST: is('uploads') ? 'CreateMultipartUpload' : is('uploadId') ? 'CompleteMultipartUpload' : undefined,
          }
  const unknown = ['acl', 'tagging', 'versioning', 'lifecycle', 'policy', 'cors', 'location', 'versionId'].find(is)
  return (unknown ? undefined : names[method]) ?? `${method} ${unknown ?? (key === '' ? 'bucket' : 'object')}`
}

/** Bucket and key, by host (`bucket.s3.…`) or by path. */
function target(path: string, host: string, hosts: readonly string[]): { bucket: string; key: string } {
  const domain = hosts.find((one) => host.replace(/:\d+$/, '').endsWith(`.${one}`))
  const decode = (text: string) => {
    try {
      return decodeURIComponent(text)
    } catch {
      throw new S3Error('InvalidArgument', "Couldn't parse the specified URI.")
    }
  }
  if (domain) return { bucket: host.replace(/:\d+$/, '').slice(0, -domain.length - 1), key: decode(path.slice(1)) }
  const slash = path.indexOf('/', 1)
  if (slash < 0) return { bucket: decode(path.slice(1)), key: '' }
  return { bucket: decode(path.slice(1, slash)), key: decode(path.slice(slash + 1)) }
}

function refuse(error: unknown, resource: string, id: string): S3Response {
  if (!(error instanceof S3Error)) throw error
  if (error.status === 304) return { status: 304, headers: error.details }
  const content = {
    Code: error.code,
    Message: error.message,
    ...error.details,
    Resource: resource,
    RequestId: id,
    HostId: id,
  }
  return { status: error.status, headers: {}, body: toXml('Error', content) }
}

function send(
  message: IncomingMessage,
  response: ServerResponse,
  { status = 200, headers = {}, body }: S3Response,
  id: string,
  skew: number,
  truncated: boolean,
): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0))
  const xml = typeof body === 'string' ? { 'content-type': 'application/xml' } : {}
  const bare = message.method === 'HEAD' && status >= 300
  response.writeHead(status, {
    ...{ 'x-amz-request-id': id, 'x-amz-id-2': id, server: 'AmazonS3' },
    date: new Date(Date.now() + skew).toUTCString(),
    ...xml,
    ...headers,
    ...(status === 204 || status === 304 || bare ? {} : { 'content-length': String(bytes.length) }),
  })
  if (message.method === 'HEAD' || status === 204 || status === 304) response.end()
  else if (truncated) response.write(bytes.subarray(0, bytes.length >> 1), () => message.socket.destroy())
  else response.end(bytes)
}

async function readAll(message: IncomingMessage, headers: Record<string, string>): Promise<Buffer> {
  if (
    message.method === 'PUT' &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  ) {
    throw new S3Error('MissingContentLength')
  }
  const length = Number(headers['content-length'] ?? 0)
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length || undefined)
  return whole
}

function flat(message: IncomingMessage): Record<string, string> {
  const all = Object.entries(message.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(',') : value,
  ])
  return Object.fromEntries(all) as Record<string, string>
}

function split(url: string): [string, string?] {
  const at = url.indexOf('?')
  return at < 0 ? [url] : [url.slice(0, at), url.slice(at + 1)]
}
