/** One checkpoint per file: a copy under `MAYFLY_HOME/checkpoints`, which is as much as Jupyter's own server keeps. */
import { copyFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { notFound } from '../problem.js'
import { writeAtomic } from './atomic.js'
import { normalizePath } from './paths.js'
import type { Workspace } from './workspace.js'

export const CHECKPOINT_ID = 'checkpoint'

export interface Checkpoint {
  id: string
  last_modified: string
}

export class Checkpoints {
  constructor(private readonly workspace: Workspace) {}

  async create(path: string): Promise<Checkpoint> {
    const source = await this.workspace.resolveReal(path)
    const copy = this.place(path)
    await mkdir(dirname(copy), { recursive: true })
    await copyFile(source, copy).catch(() => {
      throw notFound('path', path)
    })
    return (await this.list(path))[0]!
  }

  async list(path: string): Promise<Checkpoint[]> {
    const stats = await stat(this.place(path)).catch(() => undefined)
    return stats?.isFile() ? [{ id: CHECKPOINT_ID, last_modified: stats.mtime.toISOString() }] : []
  }

  async restore(path: string, id: string): Promise<void> {
    const copy = await this.require(path, id)
    await writeAtomic(await this.workspace.resolveReal(path), await readFile(copy))
  }

  async delete(path: string, id: string): Promise<void> {
    await rm(await this.require(path, id))
  }

  /** Follows a renamed or, without `to`, deleted file or folder. */
  async follow(from: string, to?: string): Promise<void> {
    const [old, next] = [this.place(from), to === undefined ? undefined : this.place(to)]
    if (next === undefined) return rm(old, { recursive: true, force: true })
    if (!(await stat(old).catch(() => undefined))) return
    await rm(next, { recursive: true, force: true })
    await mkdir(dirname(next), { recursive: true })
    await rename(old, next)
  }

  private place(path: string): string {
    return join(this.workspace.home, 'checkpoints', normalizePath(path))
  }

  /** The place of a checkpoint. Throws `E_NOT_FOUND`. */
  async require(path: string, id: string): Promise<string> {
    const [found] = await this.list(path)
    if (id !== CHECKPOINT_ID || !found) throw notFound('checkpoint', `${path} ${id}`)
    return this.place(path)
  }
}
