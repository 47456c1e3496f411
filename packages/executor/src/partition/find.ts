/** Which objects an item stands for, in a fixed order, and how large they are. */
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import picomatch from 'picomatch'
import { MayflyError } from '../errors.js'
import { isCloudObject } from '../storage/cloud-object.js'
import type { ObjectInfo } from '../storage/driver.js'
import { compareKeys } from '../storage/keys.js'
import type { Storage } from '../storage/storage.js'
import { probeUrl } from './http.js'
import type { ObjectItem, ObjectSource } from './types.js'

/** Items looked up at a time. */
const AT_ONCE = 16

/** The objects of all items, in the order of the items, and of their keys within each. Throws `E_PARTITION_NOTHING` for an item without any. */
export async function findObjects(items: readonly ObjectItem[], storage: Storage): Promise<ObjectSource[]> {
  const found: ObjectSource[][] = []
  for (let at = 0; at < items.length; at += AT_ONCE) {
    found.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map((item) => findItem(item, storage)))))
  }
  return found.flat()
}

async function findItem(item: ObjectItem, storage: Storage): Promise<ObjectSource[]> {
  if (isCloudObject(item)) return [await oneObject(item.bucket, item.key, storage)]
  if (item instanceof URL) return item.protocol === 'file:' ? files(fileURLToPath(item)) : [await probeUrl(item.href)]
  if (typeof item === 'string') return findText(item, storage)
  if (typeof item === 'object' && item !== null) {
    if ('key' in item) return [await oneObject(item.bucket, item.key, storage)]
    if ('prefix' in item) return ofPrefix(item.bucket, item.prefix, storage, `${item.bucket}/${item.prefix}`)
    if ('url' in item) return [await probeUrl(item.url)]
    if ('path' in item) return files(item.path)
  }
  throw new MayflyError('E_PARTITION_ITEM', `${JSON.stringify(item) ?? String(item)} names no object`, {
    hint: "Give 'bucket/key', 'bucket/prefix/', 'bucket/*.csv', a URL, a path beginning with / or ./, or a CloudObject.",
  })
}

async function findText(text: string, storage: Storage): Promise<ObjectSource[]> {
  if (/^https?:\/\//i.test(text)) return [await probeUrl(text)]
  if (/^file:\/\//i.test(text)) return files(fileURLToPath(text))
  if (/^(\/|\.\.?(\/|$)|[A-Za-z]:[\\/])/.test(text)) return files(text)
  const scheme = /^([a-z][a-z0-9_+.-]*):\/\//i.exec(text)
  if (scheme && scheme[1] !== 's3' && scheme[1] !== storage.backend) {
    throw new MayflyError('E_PARTITION_ITEM', `'${text}' is not in the ${storage.backend} storage of this executor`, {
      hint: 'Objects come from the executor’s own storage, from http(s) URLs and from local paths.',
    })
  }
  const rest = text.slice(scheme?.[0].length ?? 0)
  const slash = rest.indexOf('/')
  const [bucket, key] = slash < 0 ? [rest, ''] : [rest.slice(0, slash), rest.slice(slash + 1)]
  if (key === '' || (key.endsWith('/') && !isGlob(key))) return ofPrefix(bucket, key, storage, text)
  if (isGlob(key)) {
    const { base } = picomatch.scan(key)
    const matches = picomatch(key, { dot: true })
    const prefix = base && key.startsWith(base) ? base : ''
    return ofPrefix(bucket, prefix, storage, text, matches)
  }
  return [await oneObject(bucket, key, storage)]
}

function isGlob(text: string): boolean {
  return picomatch.scan(text).isGlob
}

async function oneObject(bucket: string, key: string, storage: Storage): Promise<ObjectSource> {
  return sourceOf(bucket, await storage.headObject(bucket, key))
}

async function ofPrefix(
  bucket: string,
  prefix: string,
  storage: Storage,
  text: string,
  matches: (key: string) => boolean = () => true,
): Promise<ObjectSource[]> {
  const found: ObjectSource[] = []
  for await (const info of storage.list(bucket, prefix)) {
    // Markers of folders are no data.
    if ((info.size > 0 || !info.key.endsWith('/')) && matches(info.key)) found.push(sourceOf(bucket, info))
  }
  return some(found, text)
}

function sourceOf(bucket: string, { key, size, etag }: ObjectInfo): ObjectSource {
  return { bucket, key, size, etag, ranges: true }
}

async function files(path: string): Promise<ObjectSource[]> {
  const stats = await stat(path).catch(() => undefined)
  if (stats?.isFile()) return [await fileSource(resolve(path))]
  if (stats?.isDirectory()) return some(await sources(await filesBelow(resolve(path))), path)
  if (!isGlob(path)) return some([], path)
  const { base, glob } = picomatch.scan(path)
  const folder = resolve(base || '.')
  const matches = picomatch(glob, { dot: true })
  const below = await filesBelow(folder)
  return some(await sources(below.filter((file) => matches(file.slice(folder.length + 1)))), path)
}

async function sources(paths: string[]): Promise<ObjectSource[]> {
  const sorted = paths.sort((a, b) => compareKeys(a, b))
  const found: ObjectSource[] = []
  for (const path of sorted) found.push(await fileSource(path))
  return found
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

async function fileSource(path: string): Promise<ObjectSource> {
  const { size, mtimeMs } = await stat(path)
  return { path, size, etag: `${size}-${mtimeMs}`, ranges: true }
}

function some(found: ObjectSource[], text: string): ObjectSource[] {
  if (found.length > 0) return found
  throw new MayflyError('E_PARTITION_NOTHING', `'${text}' matches no object`, {
    hint: 'Look at what is there (storage.listKeys, or the path); strings without / or ./ before them are bucket/key.',
    where: { item: text },
  })
}
