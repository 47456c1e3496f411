/** Where an input lies: a local file, a URL, or an object of a storage. Nothing is opened here. */
import { MayflyError } from '@mayfly/executor/errors'
import { resolvePath } from '../config.js'

export type Place =
  | { kind: 'file'; path: string }
  | { kind: 'url'; url: string }
  | { kind: 'object'; backend: string; bucket: string; key: string }

/** A file of the user, as the configuration names it. */
export interface Input {
  written: string
  /** Its last part, for messages. */
  name: string
  /** Code of the error when it is not there. */
  missing: string
  place: Place
}

/**
 * The input that `written` means: a path (see `resolvePath`), `file://`, `http(s)://`, or `<backend>://bucket/key` of a storage.
 * @throws MayflyError `missing` for a path that is not there, E_CONFIG_PATH.
 */
export function locateInput(written: string, baseDir: string, missing: string): Input {
  const scheme = /^([a-z][a-z0-9+._-]*):\/\//i.exec(written)?.[1]?.toLowerCase()
  if (scheme === undefined || scheme === 'file') {
    const path = resolvePath(written, baseDir, missing)
    return { written, name: lastPart(path.replaceAll('\\', '/')), missing, place: { kind: 'file', path } }
  }
  if (scheme === 'http' || scheme === 'https') {
    if (!URL.canParse(written)) throw badAddress(written, 'it is no URL')
    return { written, name: lastPart(new URL(written).pathname), missing, place: { kind: 'url', url: written } }
  }
  const [bucket = '', ...parts] = written.slice(scheme.length + 3).split('/')
  const key = parts.join('/')
  if (bucket === '' || key === '' || key.endsWith('/')) throw badAddress(written, 'it needs a bucket and a key')
  return { written, name: lastPart(key), missing, place: { kind: 'object', backend: scheme, bucket, key } }
}

/** The published data sets of the reference are read from here by everybody who is not on its cloud. */
const SAMPLES = {
  bucket: 'embl-datasets',
  url: 'https://s3.us-east.cloud-object-storage.appdomain.cloud/embl-datasets/',
}

/** The public address of an object of the reference's sample data sets; undefined for all others. */
export function publicAddress(place: Place): Place | undefined {
  if (place.kind !== 'object' || !/^(ibm_)?cos$/.test(place.backend) || place.bucket !== SAMPLES.bucket)
    return undefined
  return { kind: 'url', url: SAMPLES.url + place.key.split('/').map(encodeURIComponent).join('/') }
}

/** Whether two inputs are one. */
export function isSame(a: Place, b: Place): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** A place in words, without what may be a secret: name and password, and the signature in a query. */
export function shown(place: Place): string {
  if (place.kind === 'file') return place.path
  if (place.kind === 'object') return `${place.backend}://${place.bucket}/${place.key}`
  const { origin, pathname } = new URL(place.url)
  return origin + pathname
}

function lastPart(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  return decoded(parts[parts.length - 1] ?? path)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function badAddress(written: string, why: string): MayflyError {
  return new MayflyError('E_CONFIG_PATH', `"${written}" cannot be read: ${why}`, {
    hint: 'Give a path, an https:// address, or backend://bucket/key such as s3://my-bucket/section.imzML.',
    where: { path: written },
  })
}
