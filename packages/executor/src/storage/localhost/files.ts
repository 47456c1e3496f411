/** Finding and describing the file of an object. */
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ObjectInfo, Place } from '../driver.js'
import { notFound } from '../errors.js'
import { metaName, movingName, SELF } from './names.js'

/** Permission bit that says that content type or metadata lie beside the file; it spares all others the look. */
export const HAS_META = 0o100n

/** What is kept beside an object. */
export type Meta = Pick<ObjectInfo, 'contentType' | 'metadata'>

export function errno(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

/**
 * Runs `attempt` on the places where the object of a natural path may lie: there, where it waits while it
 * makes room for a folder of its name, or in that folder. `attempt` answers undefined when it finds a folder.
 */
export async function locate<T>(place: Place, path: string, attempt: (path: string) => Promise<T | undefined>) {
  const waiting = join(dirname(path), movingName(basename(path)), SELF)
  // In the order in which a file that makes room comes by: it cannot slip past.
  for (const candidate of [path, waiting, join(path, SELF)]) {
    const found = await attempt(candidate).catch((error: unknown) => {
      const code = errno(error)
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENAMETOOLONG') return undefined
      throw error
    })
    if (found !== undefined) return found
  }
  throw notFound(place)
}

/** Opens the file of an object for reading; its bytes and its stats belong together, whoever replaces the object meanwhile. */
export function openObject(place: Place, path: string): Promise<{ file: FileHandle; stats: BigIntStats }> {
  return locate(place, path, async (candidate) => {
    const file = await open(candidate, constants.O_RDONLY)
    const stats = await file.stat({ bigint: true })
    if (stats.isFile()) return { file, stats }
    await file.close()
    return undefined
  })
}

/** Path and stats of the file of an object. */
export function statObject(place: Place, path: string): Promise<{ path: string; stats: BigIntStats }> {
  return locate(place, path, async (candidate) => {
    const stats = await stat(candidate, { bigint: true })
    return stats.isFile() ? { path: candidate, stats } : undefined
  })
}

/** Size, time and file number: no two objects that follow each other under a key have all three in common. */
export function etagOf({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}`
}

export function infoOf(key: string, stats: BigIntStats): ObjectInfo {
  return { key, size: Number(stats.size), lastModified: stats.mtime, etag: etagOf(stats) }
}

/** `infoOf` with content type and metadata. `path` is the natural one. */
export async function fullInfo(key: string, path: string, stats: BigIntStats): Promise<ObjectInfo> {
  const info = infoOf(key, stats)
  if (!(stats.mode & HAS_META)) return info
  try {
    return { ...info, ...(JSON.parse(await readFile(join(dirname(path), metaName(info.etag)), 'utf8')) as Meta) }
  } catch (error) {
    // An executable file somebody put here, or an object that was replaced just now.
    if (errno(error) === 'ENOENT') return info
    throw error
  }
}
