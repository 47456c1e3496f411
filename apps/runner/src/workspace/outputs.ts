/** The rest of floods: files that kernels write under `MAYFLY_HOME/outputs` when a cell prints more than a page should show. */
import { lstat, readdir, realpath, rm, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { notFound } from '../problem.js'
import { normalizePath } from './paths.js'

/** Kept so long, and so much of them together; the newest stay. */
export const OUTPUT_AGE_MS = 7 * 24 * 60 * 60_000
export const OUTPUT_BYTES = 4 * 1024 ** 3

export interface OutputFile {
  path: string
  bytes: number
  /** Last change, in milliseconds since the epoch. */
  at: number
}

/** Which files have to go: those that are too old, and the oldest of those that are too many. Pure. */
export function doomedOutputs(files: readonly OutputFile[], now: number): OutputFile[] {
  let total = 0
  return [...files]
    .sort((a, b) => b.at - a.at)
    .filter(({ bytes, at }) => {
      total += bytes
      return now - at > OUTPUT_AGE_MS || total > OUTPUT_BYTES
    })
}

export class Outputs {
  /** @param folder `MAYFLY_HOME/outputs`; need not exist */
  constructor(private readonly folder: string) {}

  /** The absolute path of a file, named relative to the folder. Throws `E_NOT_FOUND`, also for links that lead out of it. */
  async locate(name: string): Promise<string> {
    const normal = normalizePath(name)
    const absolute = join(this.folder, normal)
    const stats = await stat(absolute).catch(() => undefined)
    if (!stats?.isFile()) throw notFound('output', normal)
    const [root, real] = await Promise.all([realpath(this.folder), realpath(absolute)])
    if (!real.startsWith(root + sep)) throw notFound('output', normal)
    return real
  }

  /** Deletes what is too old or too much; for the start, when no kernel writes. */
  async clean(now: number = Date.now()): Promise<void> {
    const names = await readdir(this.folder, { recursive: true }).catch(() => [] as string[])
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name)
        const stats = await lstat(path).catch(() => undefined)
        return stats && !stats.isDirectory() ? [{ path, bytes: stats.size, at: stats.mtimeMs }] : []
      }),
    )
    for (const { path } of doomedOutputs(files.flat(), now)) await rm(path, { force: true })
  }
}
