/** Which shared state: options into something that travels, and into the backend, opened once per process. */
import { MayflyError } from '../errors.js'
import { resolveEnv } from '../storage/env.js'
import type { SharedBackend } from './backend.js'
import { connectShared } from './client.js'
import { sharedAddress, stateAt } from './server.js'

export interface SharedOptions {
  /** `redis://` or `rediss://`, with `{{env.NAME}}` for a password. Default: the state of the process that began this one. */
  url?: string
  /** Keeps names of different programs apart in one Redis. Default `default`. */
  namespace?: string
  /** With Redis: seconds after which a holder that has not been heard of loses what it holds. Default 30. */
  lease?: number
  /** Socket of the process that keeps the state; filled in when a handle travels. */
  address?: string
}

/** One per process, also when functions bring their own copy of this module along. */
const OPENED = Symbol.for('mayfly.shared.opened')

/** Throws `E_CONFIG_VALUE` for a URL that is not Redis'. */
export function checkOptions(options: SharedOptions): SharedOptions {
  const { url, lease = 30 } = options
  const bad = url !== undefined && !/^rediss?:\/\//.test(url)
  if (!bad && lease > 0) return options
  throw new MayflyError(
    'E_CONFIG_VALUE',
    bad ? `'${url}' is not the URL of a Redis server` : `lease: ${lease} is no time`,
    {
      hint: 'Give redis://host:port, or no url to share between this process and its workers; a lease is in seconds.',
    },
  )
}

/** Options by which another process finds the same state. Holds no secret: `E_STORAGE_SECRET` for a password in the URL. */
export function travelling(options: SharedOptions): SharedOptions {
  const { url } = options
  if (url === undefined) return { address: options.address ?? sharedAddress() }
  if (!/\/\/[^/@]*:(?!\{\{env\.\w+\}\})[^/@]+@/.test(url)) return { ...options }
  throw new MayflyError('E_STORAGE_SECRET', 'The URL of this shared state holds a password, which must not travel', {
    hint: 'Write {{env.REDIS_PASSWORD}} in its place and set that variable here and where the workers run.',
  })
}

/** Where the state is. */
export function openState(options: SharedOptions): Promise<SharedBackend> {
  const place = placeOf(options)
  let backend = opened().get(place)
  if (!backend) {
    backend = options.url ? openRedis(options.url, options) : Promise.resolve(openLocal(place))
    opened().set(place, backend)
    backend.catch(() => opened().delete(place))
  }
  return backend
}

/** Lets this process' connection go, and with it what it held. */
export async function closeState(options: SharedOptions): Promise<void> {
  const place = placeOf(options)
  const backend = opened().get(place)
  opened().delete(place)
  await (await backend)?.close()
}

function placeOf({ url, namespace = 'default', lease = 30, address }: SharedOptions): string {
  return url ? `${url} ${namespace} ${lease}` : (address ?? sharedAddress())
}

function opened(): Map<string, Promise<SharedBackend>> {
  return ((globalThis as Record<symbol, unknown>)[OPENED] ??= new Map()) as never
}

function openLocal(address: string): SharedBackend {
  return stateAt(address)?.of({}) ?? connectShared(address)
}

async function openRedis(url: string, { namespace = 'default', lease = 30 }: SharedOptions): Promise<SharedBackend> {
  const { RedisShared } = await import('./redis.js')
  return new RedisShared(resolveEnv(url), namespace, lease)
}
