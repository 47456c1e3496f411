/**
 * Making a written file the object of its key, at once and whole, and taking objects away. `rename` replaces, `link` is the
 * conditional put of a file system: it fails if the name is taken, and the name appears with all its bytes.
 */
import { randomBytes } from 'node:crypto'
import { copyFile, type FileHandle, link, mkdir, rename, rm, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { MayflyError } from '../../errors.js'
import type { ObjectInfo, Place, PutOptions } from '../driver.js'
import { changed, exists } from '../errors.js'
import { errno, etagOf, HAS_META, infoOf, type Meta, statObject } from './files.js'
import { withLock } from './lock.js'
import { metaName, movingName, SELF, TEMPORARY } from './names.js'

const TRIES = 20

/** Where an object goes: its natural path, and the bucket's folder, above which nothing is touched. */
export interface Target extends Place {
  root: string
  path: string
  /** Files that tell the text of long names, written before the object is. */
  longNames: { path: string; text: string }[]
}

/** Writes by `write` to a file that nobody sees, and then makes it the object, all or nothing. Closes what `write` opens. */
export async function publish(
  target: Target,
  options: PutOptions,
  meta: Meta,
  write: (path: string) => Promise<FileHandle>,
): Promise<ObjectInfo> {
  const folder = dirname(target.path)
  const temporary = join(folder, `${TEMPORARY}${process.pid}-${randomBytes(8).toString('hex')}`)
  const hasMeta = meta.contentType !== undefined || meta.metadata !== undefined
  let metaFile: string | undefined
  let placed = false
  // Read while the new version is written: its description goes when it goes.
  const before = options.ifNoneMatch ? undefined : statObject(target, target.path).catch(() => undefined)
  try {
    const file = await inFolder(target, async () => {
      for (const { path, text } of target.longNames) await writeWhole(path, text)
      return write(temporary)
    })
    const stats = await stamp(file, hasMeta).finally(() => file.close())
    const info = { ...infoOf(target.key, stats), ...meta }
    if (hasMeta) await writeFile((metaFile = join(folder, metaName(info.etag))), JSON.stringify(meta))
    if (options.ifNoneMatch === '*') await placeNew(temporary, target, stats.ino)
    else if (options.ifMatch === undefined) await replace(temporary, target)
    else await withLock(target.path, () => replaceIf(temporary, target, options.ifMatch as string))
    placed = true
    const old = await before
    if (old) await removeMeta(target, old.stats)
    return info
  } finally {
    if (!placed || options.ifNoneMatch) await rm(temporary, { force: true })
    if (!placed && metaFile) await rm(metaFile, { force: true })
  }
}

/** Removes the object if there is one, and the folders it leaves empty. */
export async function remove(target: Target, ifMatch: string | undefined): Promise<void> {
  if (ifMatch !== undefined) {
    await withLock(target.path, async () => {
      const found = await statObject(target, target.path).catch(() => undefined)
      if (found && etagOf(found.stats) !== ifMatch) throw changed(target)
      await removeFile(target)
    })
  } else await removeFile(target)
}

async function removeFile(target: Target): Promise<void> {
  const found = await statObject(target, target.path).catch((error: unknown) => {
    if (error instanceof MayflyError) return undefined
    throw error
  })
  if (!found) return
  await rm(found.path, { force: true })
  await removeMeta(target, found.stats)
  await prune(target.root, dirname(found.path))
}

async function removeMeta(target: Target, stats: Parameters<typeof etagOf>[0]): Promise<void> {
  if (stats.mode & HAS_META) await rm(join(dirname(target.path), metaName(etagOf(stats))), { force: true })
}

/**
 * Gives the file a time of its own: the clock of the file system ticks so slowly that two versions of a file may share theirs,
 * and etags are made of it.
 */
async function stamp(file: FileHandle, hasMeta: boolean) {
  const seconds = (performance.timeOrigin + performance.now()) / 1000
  await file.utimes(seconds, seconds)
  if (hasMeta) await file.chmod(0o744)
  return file.stat({ bigint: true })
}

async function placeNew(temporary: string, target: Target, ino: bigint): Promise<void> {
  const { path } = target
  for (let tries = 1; ; tries++) {
    const waiting = join(dirname(path), movingName(basename(path)))
    if (await isThere(waiting)) await makeRoom(path)
    try {
      await linkFile(temporary, path)
      // The place was free because its object was just making room for a folder.
      if ((await isThere(join(waiting, SELF))) && (await stat(path, { bigint: true })).ino === ino) {
        await unlink(path)
        throw exists(target)
      }
      return
    } catch (error) {
      if (errno(error) !== 'EEXIST' && errno(error) !== 'EISDIR') throw error
    }
    const there = await stat(path).catch(() => undefined)
    if (there?.isFile()) throw exists(target)
    try {
      if (there) return await linkFile(temporary, join(path, SELF))
    } catch (error) {
      if (errno(error) === 'EEXIST') throw exists(target)
      if (errno(error) !== 'ENOENT' && errno(error) !== 'ENOTDIR') throw error
    }
    if (tries === TRIES) throw exists(target)
  }
}

async function replace(temporary: string, target: Target): Promise<void> {
  const { path } = target
  for (let tries = 1; ; tries++) {
    try {
      await rename(temporary, path)
      break
    } catch (error) {
      if (errno(error) !== 'EISDIR' && !(await stat(path).catch(() => undefined))?.isDirectory()) throw error
    }
    try {
      await rename(temporary, join(path, SELF))
      break
    } catch (error) {
      if ((errno(error) !== 'ENOENT' && errno(error) !== 'ENOTDIR') || tries === TRIES) throw error
    }
  }
}

async function replaceIf(temporary: string, target: Target, etag: string): Promise<void> {
  const { stats } = await statObject(target, target.path)
  if (etagOf(stats) !== etag) throw changed(target)
  await replace(temporary, target)
}

async function linkFile(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    // File systems without hard links: an exclusive copy; its bytes may be seen growing, but only one writer wins.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(errno(error) ?? '')) throw error
    await copyFile(from, to, 1)
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

/** Makes the folder and works in it; again if somebody has removed the still empty folder in between. */
async function inFolder<T>({ root, path }: Target, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      // Mostly the folder is there.
      if (tries > 1) await mkdir(dirname(path), { recursive: true })
      return await work()
    } catch (error) {
      const code = errno(error)
      if (tries === TRIES || !(code === 'ENOENT' || code === 'ENOTDIR' || code === 'EEXIST')) throw error
      if (code !== 'ENOENT') await clearWay(root, dirname(path))
    }
  }
}

/** Objects on the way to a folder make room for folders of their names. */
async function clearWay(root: string, folder: string): Promise<void> {
  const parts = folder.slice(resolve(root).length).split(/[\\/]/).filter(Boolean)
  let at = resolve(root)
  for (const part of parts) {
    at = join(at, part)
    const stats = await stat(at).catch(() => undefined)
    if (stats?.isFile()) return makeRoom(at)
  }
}

/** Puts a folder in the place of a file, with the file in it. Readers know where to look meanwhile; anybody may finish the work. */
async function makeRoom(path: string): Promise<void> {
  const waiting = join(dirname(path), movingName(basename(path)))
  for (let tries = 1; tries <= TRIES; tries++) {
    await mkdir(waiting, { recursive: true })
    if ((await stat(path).catch(() => undefined))?.isFile()) {
      // Not link and unlink: whichever version is there now comes along.
      await rename(path, join(waiting, SELF)).catch(ignore('ENOENT', 'EISDIR', 'ENOTDIR'))
    }
    try {
      await rename(waiting, path)
      return
    } catch (error) {
      if (errno(error) === 'ENOENT') return
    }
    // Somebody made the folder first: only the file is left to bring.
    if ((await stat(path).catch(() => undefined))?.isDirectory()) {
      await rename(join(waiting, SELF), join(path, SELF)).catch(ignore('ENOENT'))
      await rmdir(waiting).catch(ignore('ENOENT', 'ENOTEMPTY'))
      return
    }
  }
}

function ignore(...codes: string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(errno(error) ?? '')) throw error
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `${TEMPORARY}${process.pid}-${randomBytes(8).toString('hex')}`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(temporary, text)
  await rename(temporary, path)
}

/** Empty folders would look like objects that are not there. */
async function prune(root: string, from: string): Promise<void> {
  for (let folder = from; folder.length > root.length; folder = dirname(folder)) {
    try {
      await rmdir(folder)
    } catch {
      return
    }
  }
}
