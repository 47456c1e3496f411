/** One way to read inputs, wherever they lie. */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { type CloudObject, Storage, type StorageOptions } from '@mayfly/executor'
import { MayflyError } from '@mayfly/executor/errors'
import { untilCancelled } from '../cancel.js'
import { type Input, type Place, publicAddress, shown } from './place.js'
import { probeUrl, streamUrl } from './url.js'

const READ_SIZE = 1 << 20
const HEAD = 16

/** An input that is there: what is known without reading it, and its bytes. */
export interface OpenInput {
  name: string
  /** Bytes. */
  size: number
  /** Changes with the content: etag, or the time of the last change. */
  version: string
  /** Where it lies: a local `file`, which is read at the speed of the disk, a `url`, or the name of a storage. */
  from: string
  /** The first 16 bytes, fewer of a shorter file. */
  head: Uint8Array
  /** All bytes. @throws MayflyError E_INPUT_UNREACHABLE, E_INPUT_CHANGED. */
  stream(): AsyncIterable<Uint8Array>
  /**
   * The object in `storage` with these bytes: the input itself when it lies there, else a copy under `key`.
   * @param onBytes told of every piece that was copied.
   */
  upload(storage: Storage, key: string, signal: AbortSignal, onBytes?: (bytes: number) => void): Promise<CloudObject>
}

/**
 * Finds an input. `storage` is the executor's: inputs in it are read where they are.
 * @throws MayflyError with the input's `missing` as its code, E_INPUT_DENIED, E_INPUT_UNREACHABLE, E_CONFIG_STORAGE.
 */
export async function openInput(input: Input, storage: Storage): Promise<OpenInput> {
  const { place } = input
  if (place.kind === 'file') return openFile(input, place.path)
  if (place.kind === 'url') return openUrl(input)
  const address = publicAddress(place)
  if (address && place.backend !== String(storage.backend)) return openUrl({ ...input, place: address })
  try {
    return await openObject(input, place, storage)
  } catch (error) {
    if (address && (error as MayflyError).code === input.missing) return openUrl({ ...input, place: address })
    throw error
  }
}

async function openFile({ name }: Input, path: string): Promise<OpenInput> {
  const { size, mtimeMs } = await stat(path)
  const head = new Uint8Array(HEAD)
  const handle = await open(path)
  const { bytesRead } = await handle.read(head, 0, HEAD, 0).finally(() => handle.close())
  return {
    ...{ name, size, version: String(mtimeMs), from: 'file', head: head.subarray(0, bytesRead) },
    stream: () => createReadStream(path, { highWaterMark: READ_SIZE }),
    upload: (storage, key, ...how) =>
      copy(createReadStream(path, { highWaterMark: READ_SIZE }), size, storage, key, ...how),
  }
}

async function openUrl(input: Input): Promise<OpenInput> {
  const facts = await probeUrl(input)
  const stream = () => streamUrl(input, facts)
  return {
    name: input.name,
    ...facts,
    from: 'url',
    stream,
    upload: (storage, key, ...how) => copy(stream(), facts.size, storage, key, ...how),
  }
}

/** `s3://` means Amazon's storage, as everywhere. */
const nameOf = (backend: string) => (backend === 's3' ? 'aws_s3' : backend)

/** A storage that is not the executor's: known by its name, one of Amazon's by the variables that its own tools look at, too. */
function optionsOf(place: Place & { kind: 'object' }): StorageOptions {
  const { backend, bucket } = place
  if (nameOf(backend) !== 'aws_s3') return { backend, bucket } as StorageOptions
  const { AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env
  const region = AWS_REGION ?? AWS_DEFAULT_REGION
  const endpoint = AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL
  if (region === undefined && endpoint === undefined) {
    throw new MayflyError('E_CONFIG_AWS', `${shown(place)} cannot be read: its region is not known`, {
      hint: 'Set AWS_REGION, or keep the data of the executor on aws_s3, too.',
      where: { path: shown(place) },
    })
  }
  return { backend: 'aws_s3', bucket, ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}) }
}

async function openObject(input: Input, place: Place & { kind: 'object' }, own: Storage): Promise<OpenInput> {
  const { backend, bucket, key } = place
  const here = nameOf(backend) === own.backend
  const storageOf = () => (here ? own : new Storage(optionsOf(place)))
  const closed = async (storage: Storage) => {
    if (!here) await storage.close()
  }
  const storage = storageOf()
  try {
    const { size, etag } = await storage.headObject(bucket, key)
    const head =
      size === 0 ? new Uint8Array(0) : await storage.getObject(bucket, key, { range: { start: 0, end: HEAD - 1 } })
    const stream = async function* () {
      const source = storageOf()
      try {
        yield* await source.streamObject(bucket, key, { ifMatch: etag })
      } finally {
        await closed(source)
      }
    }
    return {
      ...{ name: input.name, size, version: etag, from: nameOf(backend), head, stream },
      upload: async (target, to, ...how) =>
        here ? objectOf(target, bucket, key, size) : copy(stream(), size, target, to, ...how),
    }
  } catch (cause) {
    if ((cause as MayflyError).code !== 'E_STORAGE_NOT_FOUND') throw cause
    throw new MayflyError(input.missing, `there is no object ${shown(place)}`, {
      hint: 'Check bucket and key, and that the storage is the one you mean.',
      where: { path: shown(place) },
      cause,
    })
  } finally {
    await closed(storage)
  }
}

/** An object appears whole or not at all, and the key names the content: one that is there was copied by a run that was broken off. */
async function copy(
  source: AsyncIterable<Uint8Array>,
  size: number,
  storage: Storage,
  key: string,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {},
): Promise<CloudObject> {
  const counted = async function* () {
    for await (const chunk of untilCancelled(source, signal, 'the upload of the data set')) {
      yield chunk
      onBytes(chunk.length)
    }
  }
  const there = await storage.headObject(storage.bucket, key).catch(() => undefined)
  if (there?.size !== size) await storage.putObject(storage.bucket, key, counted())
  return objectOf(storage, storage.bucket, key, size)
}

function objectOf(storage: Storage, bucket: string, key: string, size: number): CloudObject {
  return { type: 'CloudObject', backend: storage.backend, bucket, key, size }
}

/** All bytes of a small input. */
export async function readInput(input: OpenInput): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of input.stream()) chunks.push(chunk)
  return Buffer.concat(chunks)
}
