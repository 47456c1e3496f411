/** Objects of a bucket's folder in the order of their keys. */
import type { BigIntStats, Dirent } from 'node:fs'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { compareKeys } from '../keys.js'
import type { WalkFrom } from '../list.js'
import { errno } from './files.js'
import { decodePart, encodePart, movedName, SELF, TEMPORARY } from './names.js'

/** What a killed writer left behind is removed after this time, ms. */
const LEFT_MS = 24 * 3_600_000

interface Entry {
  /** Key of an object, or of what is in a folder with the slash at its end: their order is that of the keys. */
  key: string
  path: string
  folder: boolean
}

/** The paths of all objects behind `from`. A folder without objects shows nothing. */
export async function* walk(root: string, from: WalkFrom): AsyncGenerator<{ key: string; item: string }> {
  const folder = from.prefix.slice(0, from.prefix.lastIndexOf('/') + 1)
  const parts = folder.split('/').slice(0, -1)
  // No key has such parts, and no path may.
  if (parts.some((part) => part === '.' || part === '..') || folder.includes('\0')) return
  yield* walkFolder(join(root, ...parts.map(encodePart)), folder, from)
}

async function* walkFolder(
  path: string,
  folder: string,
  from: WalkFrom,
): AsyncGenerator<{ key: string; item: string }> {
  for (const entry of await entriesOf(path, folder, from)) {
    if (from.skip !== undefined && entry.key.startsWith(from.skip)) continue
    if (entry.folder) yield* walkFolder(entry.path, entry.key, from)
    else if (!entry.path.endsWith(SELF) || (await isFile(entry.path))) yield { key: entry.key, item: entry.path }
  }
}

async function entriesOf(path: string, folder: string, from: WalkFrom): Promise<Entry[]> {
  const entries = new Map<string, Entry>()
  const add = (entry: Entry) => {
    if (wanted(entry, from) && !entries.has(entry.key)) entries.set(entry.key, entry)
  }
  for (const dirent of await readFolder(path)) {
    const moving = movedName(dirent.name)
    const part = await partOf(path, moving ?? dirent.name)
    if (part === undefined) {
      if (dirent.name.startsWith(TEMPORARY)) await sweep(join(path, dirent.name))
      continue
    }
    const here = join(path, dirent.name)
    const directory = dirent.isDirectory() || (dirent.isSymbolicLink() && (await isDirectory(here)))
    if (directory) {
      // The object of the folder's own name comes before what is in the folder, but not next to it.
      add({ key: folder + part, path: join(here, SELF), folder: false })
      if (moving === undefined) add({ key: `${folder}${part}/`, path: here, folder: true })
    } else add({ key: folder + part, path: here, folder: false })
  }
  return [...entries.values()].sort((a, b) => compareKeys(a.key, b.key))
}

function wanted({ key, folder }: Entry, { prefix, after }: WalkFrom): boolean {
  if (!folder) return key.startsWith(prefix) && (after === '' || compareKeys(key, after) > 0)
  const inPrefix = key.startsWith(prefix) || prefix.startsWith(key)
  return inPrefix && (after === '' || after.startsWith(key) || compareKeys(key, after) > 0)
}

async function readFolder(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true })
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR' || errno(error) === 'ENAMETOOLONG') return []
    throw error
  }
}

async function partOf(path: string, name: string): Promise<string | undefined> {
  const decoded = decodePart(name)
  if (!decoded || 'part' in decoded) return decoded?.part
  return readFile(join(path, decoded.longName), 'utf8').catch(() => undefined)
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false
}

/** Most folders hold no object of their own name. */
async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false
}

async function sweep(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined)
  if (stats && Date.now() - stats.ctimeMs > LEFT_MS) await rm(path, { force: true }).catch(() => undefined)
}

/** Stats of a listed file, undefined when it is gone meanwhile. */
export async function statListed(path: string): Promise<BigIntStats | undefined> {
  try {
    const stats = await stat(path, { bigint: true })
    return stats.isFile() ? stats : undefined
  } catch (error) {
    if (errno(error) !== 'ENOENT' && errno(error) !== 'ENOTDIR') throw error
    // It may have made room for a folder of its name since the folder was read.
    return basename(path) === SELF || basename(dirname(path)) === SELF ? undefined : statListed(join(path, SELF))
  }
}
