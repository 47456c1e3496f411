/** Files that are either the old or the new version, never a torn one: temporary file, fsync, rename, fsync of the folder. */
import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface AtomicOptions {
  /** Permissions of an existing file, which the new one takes over. */
  mode?: number | undefined
  /** Runs right before the old file is replaced; when it throws, the old file stays. */
  check?: () => Promise<void>
}

/**
 * Writes a file atomically; returns what the file system says about it. Rejects with `EACCES` for a file that is write-protected, which
 * replacing it would get round.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  { mode, check }: AtomicOptions = {},
): Promise<BigIntStats> {
  const folder = dirname(path)
  await mkdir(folder, { recursive: true })
  await access(path, constants.W_OK).catch((error) => {
    if (error.code !== 'ENOENT') throw error
  })
  const temporary = join(folder, `${temporaryPrefix(path)}${randomBytes(6).toString('hex')}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode)
    let stats: BigIntStats
    try {
      await file.writeFile(data)
      await file.sync()
      stats = await file.stat({ bigint: true })
    } finally {
      await file.close()
    }
    await check?.()
    await rename(temporary, path)
    await syncFolder(folder)
    return stats
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Removes what a process that was killed while it wrote the file left beside it. */
export async function removeLeftovers(path: string): Promise<void> {
  const [folder, prefix] = [dirname(path), temporaryPrefix(path)]
  for (const name of await readdir(folder).catch(() => [] as string[]))
    if (name.startsWith(prefix) && /^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length)))
      await rm(join(folder, name), { force: true })
}

// Names may have 255 bytes; the temporary one must fit too.
function temporaryPrefix(path: string): string {
  const name = basename(path)
  return `.${Buffer.byteLength(name) > 200 ? [...name].slice(0, 50).join('') : name}.`
}

// A rename is lasting only when its folder is on the disk. Windows has no such thing.
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  // Some network file systems refuse it.
  await handle.sync().catch(() => undefined)
  await handle.close()
}
