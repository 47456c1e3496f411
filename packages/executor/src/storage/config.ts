/**
 * Which storage: options or a URL into one plain description that can travel to workers, and the driver for it. Secrets are
 * references to environment variables (`{{env.NAME}}`), which each process resolves for itself.
 */
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MayflyError } from '../errors.js'
import { mayflyHome } from '../home.js'
import { nearest } from '../nearest.js'
import {
  AWS_S3_FIELDS,
  type AwsS3Config,
  type AwsS3StorageOptions,
  awsS3Config,
  awsS3Url,
  checkNoSecrets,
} from './aws-s3/options.js'
import type { StorageDriver } from './driver.js'
import { resolveEnv } from './env.js'
import { checkFields, type FieldKind } from './fields.js'
import { checkBucket } from './keys.js'
import { LocalhostDriver } from './localhost/index.js'

export interface LocalhostStorageOptions {
  backend?: 'localhost'
  /** Holds the buckets in its folder `storage`. Default: `MAYFLY_HOME`, else `.mayfly` in `MAYFLY_WORKSPACE` or the current folder. */
  home?: string
  /** The folder that holds a folder per bucket; instead of `home`. */
  root?: string
  /** Bucket of cloud objects, of `open` and `fs`, and of the executor's own data. Default `mayfly`. */
  bucket?: string
}

export interface MemoryStorageOptions {
  backend: 'memory'
  /** Storages of the same name in one process share their objects. Default `default`. */
  name?: string
  bucket?: string
}

export interface RedisStorageOptions {
  backend: 'redis'
  /** `redis://` or `rediss://`, with `{{env.NAME}}` for a password. Default `redis://127.0.0.1:6379`. */
  url?: string
  bucket?: string
}

export type StorageOptions = LocalhostStorageOptions | MemoryStorageOptions | RedisStorageOptions | AwsS3StorageOptions

/** A storage's options with every default filled in: plain data, all a worker needs to open the same storage. */
export type StorageConfig =
  | { backend: 'localhost'; home: string; root?: string; bucket: string }
  | { backend: 'memory'; name: string; bucket: string }
  | { backend: 'redis'; url: string; bucket: string }
  | AwsS3Config

const FIELDS = {
  localhost: { backend: 'text', home: 'text', root: 'text', bucket: 'string' },
  memory: { backend: 'text', name: 'text', bucket: 'string' },
  redis: { backend: 'text', url: 'text', bucket: 'string' },
  aws_s3: AWS_S3_FIELDS,
} as const satisfies Record<string, Record<string, FieldKind>>

/**
 * The description of a storage. A URL is `file:///folder/of/buckets`, `redis://host:port/db` or `memory://name`, each with
 * `?bucket=name` for the default bucket, or `s3://bucket?region=…` with the other options of `aws_s3`. Throws `E_CONFIG_UNKNOWN_KEY`, `E_CONFIG_VALUE`, `E_CONFIG_STORAGE`, `E_CONFIG_AWS` or `E_STORAGE_BUCKET`.
 */
export function storageConfig(given: StorageOptions | string = {}): StorageConfig {
  const options = check(typeof given === 'string' ? parseUrl(given) : given)
  const name = checkBucket(options.bucket ?? 'mayfly')
  if (options.backend === 'aws_s3') return awsS3Config(options)
  if (options.backend === 'memory') return { backend: 'memory', name: options.name ?? 'default', bucket: name }
  if (options.backend === 'redis') {
    return { backend: 'redis', url: options.url ?? 'redis://127.0.0.1:6379', bucket: name }
  }
  const home = resolve(options.home ?? mayflyHome())
  return { backend: 'localhost', home, ...(options.root ? { root: resolve(options.root) } : {}), bucket: name }
}

/** Throws `E_STORAGE_SECRET` when the description holds a password as it is; one that travels must name a variable. */
export function withoutSecrets(config: StorageConfig): StorageConfig {
  if (config.backend === 'memory') {
    throw new MayflyError('E_STORAGE_LOCAL', 'A memory storage cannot travel: its objects are in this process only', {
      hint: 'Use the localhost or a redis storage, or pass the bytes.',
    })
  }
  if (config.backend === 'aws_s3') checkNoSecrets(config)
  if (config.backend === 'redis' && /^[^/]*\/\/[^/@]*:(?!\{\{env\.\w+\}\})[^/@]+@/.test(config.url)) {
    throw new MayflyError('E_STORAGE_SECRET', 'The URL of this storage holds a password, which must not travel', {
      hint: 'Write {{env.REDIS_PASSWORD}} in its place and set that variable here and where the workers run.',
    })
  }
  return config
}

const memories = new Map<string, Promise<StorageDriver>>()

/** Opens the driver. What is not used by everybody is loaded only here. */
export function openDriver(config: StorageConfig): StorageDriver | Promise<StorageDriver> {
  if (config.backend === 'localhost') return new LocalhostDriver(config.root ?? join(config.home, 'storage'))
  if (config.backend === 'redis') {
    return import('./redis/index.js').then(({ RedisDriver }) => new RedisDriver(resolveEnv(config.url)))
  }
  if (config.backend === 'aws_s3') return import('./aws-s3/index.js').then(({ AwsS3Driver }) => new AwsS3Driver(config))
  let memory = memories.get(config.name)
  if (!memory) {
    memory = import('./memory.js').then(({ MemoryDriver }) => new MemoryDriver())
    memories.set(config.name, memory)
  }
  return memory
}

function parseUrl(text: string): StorageOptions {
  // A reference is no part of a URL's grammar: it is hidden while the rest is read.
  const hidden = text.replace(/\{\{env\.\w+\}\}/g, 'x')
  const url = URL.canParse(hidden) ? new URL(hidden) : undefined
  const named = url?.searchParams.get('bucket')
  const rest = named ? { bucket: named } : {}
  const plain = text.replace(/\?.*$/s, '')
  if (url?.protocol === 'file:') return { root: fileURLToPath(plain), ...rest }
  if (url?.protocol === 'redis:' || url?.protocol === 'rediss:') return { backend: 'redis', url: plain, ...rest }
  if (url?.protocol === 's3:') return awsS3Url(text)
  if (url?.protocol === 'memory:') return { backend: 'memory', ...(url.host ? { name: url.host } : {}), ...rest }
  throw new MayflyError('E_CONFIG_STORAGE', `'${url ? url.protocol : text}' is not the URL of a storage`, {
    hint: 'Storages are file:///folder, redis://host:port, s3://bucket?region=name and memory://name.',
  })
}

function check(options: StorageOptions): StorageOptions {
  const backend = String(options?.backend ?? 'localhost')
  const fields = Object.hasOwn(FIELDS, backend) ? FIELDS[backend as keyof typeof FIELDS] : undefined
  if (!fields) {
    const known = Object.keys(FIELDS)
    const near = nearest(backend, known)
    throw new MayflyError('E_CONFIG_STORAGE', `There is no storage '${backend}'`, {
      hint: near ? `Did you mean '${near}'?` : `Storages are ${known.join(', ')}.`,
    })
  }
  checkFields(options, fields)
  return options
}
