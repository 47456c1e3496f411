/** Uploads in chunks (`chunk` 1, 2, …, and -1 for the last): collected aside, so that the file appears only when it is whole. */
import { randomUUID } from 'node:crypto'
import { appendFile, copyFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import type { ContentsFormat, ContentsModel } from './contents.js'
import { baseName, normalizePath } from './paths.js'
import type { Workspace } from './workspace.js'

export interface Chunk {
  chunk: number
  format?: ContentsFormat | null | undefined
  content?: unknown
}

export class Uploads {
  private readonly open = new Map<string, string>()

  constructor(private readonly workspace: Workspace) {}

  /** Takes one chunk; after the last the file is there. Throws `E_REQUEST_INVALID` when the first chunk is missing. */
  async chunk(path: string, { chunk, format, content }: Chunk): Promise<void> {
    const normal = normalizePath(path)
    const target = await this.workspace.resolveReal(normal)
    if (typeof content !== 'string' || format === 'json')
      throw new MayflyError('E_REQUEST_INVALID', `the chunk of ${normal} must be text or base64`)
    const data = format === 'base64' ? Buffer.from(content, 'base64') : content
    if (chunk === 1) {
      await this.drop(normal)
      const folder = join(this.workspace.home, 'uploads')
      await mkdir(folder, { recursive: true })
      this.open.set(normal, join(folder, randomUUID()))
      return writeFile(this.open.get(normal)!, data)
    }
    const partial = this.open.get(normal)
    if (!partial) throw new MayflyError('E_REQUEST_INVALID', `the upload of ${normal} did not begin with chunk 1`)
    await appendFile(partial, data)
    if (chunk !== -1) return
    this.open.delete(normal)
    const file = await open(partial, 'r+')
    await file.sync().finally(() => file.close())
    await rename(partial, target).catch(async (error) => {
      // Mayfly's state may lie on another file system.
      if (error.code !== 'EXDEV') throw error
      await copyFile(partial, target)
      await rm(partial)
    })
  }

  /** The model of a file that is still on its way. */
  model(path: string): ContentsModel {
    const now = new Date().toISOString()
    const name = baseName(path)
    const times = { created: now, last_modified: now }
    return {
      name,
      path,
      type: 'file',
      ...times,
      size: null,
      writable: true,
      mimetype: null,
      format: null,
      content: null,
    }
  }

  private async drop(path: string): Promise<void> {
    const partial = this.open.get(path)
    this.open.delete(path)
    if (partial) await rm(partial, { force: true })
  }
}
