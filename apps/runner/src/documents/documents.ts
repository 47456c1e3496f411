/** The open documents of a workspace, one per notebook path. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { JupyterMessage } from '../kernel/messages.js'
import { movedPath, normalizePath } from '../workspace/paths.js'
import type { Workspace } from '../workspace/workspace.js'
import { DocumentFile } from './file.js'
import type { VersionCause } from './thinning.js'
import { Versions } from './versions.js'

/** So many documents without a kernel stay in memory. */
const MAX_IDLE = 16

export interface DocumentsOptions {
  /** Whether a kernel works on the notebook. */
  inUse(path: string): boolean
  /** Told of faults that no request waits for. */
  onFault(error: unknown): void
  /** Takes news for the pages that show a notebook. */
  tell(path: string, message: JupyterMessage): void
}

export class Documents {
  readonly versions: Versions
  private readonly files = new Map<string, DocumentFile>()
  private readonly opening = new Map<string, Promise<DocumentFile>>()
  private readonly closing = new Map<string, Promise<void>>()

  constructor(
    private readonly workspace: Workspace,
    private readonly options: DocumentsOptions,
  ) {
    this.versions = new Versions(workspace.home)
  }

  /** The document if it is open; costs nothing. */
  peek(path: string): DocumentFile | undefined {
    return this.files.get(path)
  }

  /** Opens a notebook, or brings an open one up to date with its file. Throws `E_NOT_FOUND`, `E_NOTEBOOK_INVALID`. */
  async open(path: string): Promise<DocumentFile> {
    const normal = normalizePath(path)
    const known = this.files.get(normal)
    if (known) {
      await known.refresh()
      return known
    }
    let opening = this.opening.get(normal)
    if (!opening) {
      opening = this.load(normal).finally(() => this.opening.delete(normal))
      this.opening.set(normal, opening)
    }
    return opening
  }

  /**
   * Does `rename` on disk and follows it with every open document under `from`; none of them is written meanwhile. `followed` runs in
   * the same moment in which the documents get their new paths, so that kernels never look for one in vain.
   */
  async move(from: string, to: string, rename: () => Promise<unknown>, followed: () => void): Promise<void> {
    const affected = this.under(from)
    // What cannot be saved at the moment goes along in the journal.
    await Promise.all(affected.map((file) => file.flush().catch(() => undefined)))
    await whileStill(affected, async () => {
      await rename()
      const targets = affected.map((file) => movedPath(file.path, from, to)!)
      for (const file of affected) this.files.delete(file.path)
      for (const [i, file] of affected.entries()) this.files.set(targets[i]!, file)
      followed()
      for (const [i, file] of affected.entries()) file.relocate(targets[i]!)
      await this.versions.follow(from, to)
    })
  }

  /** Does `unlink` on disk and lets go of every open document under `path`. */
  async remove(path: string, unlink: () => Promise<unknown>): Promise<void> {
    const affected = this.under(path)
    await whileStill(affected, async () => {
      await unlink()
      for (const file of affected) this.files.delete(file.path)
      await Promise.all(affected.map((file) => file.discard()))
    })
  }

  /** Adds the present state of a notebook to its history. Throws like `open`. */
  async keep(path: string, cause: VersionCause): Promise<void> {
    await (await this.open(path)).keep(cause)
  }

  /** Writes what is not yet in the files of `path`, or of all documents. */
  async flush(path = ''): Promise<void> {
    await Promise.all(this.under(path).map((file) => file.flush()))
  }

  /** Saves and closes all; rejects with the first fault, after having tried all. */
  async close(): Promise<void> {
    const results = await Promise.allSettled([...this.files.values()].map((file) => file.close()))
    this.files.clear()
    await this.versions.settled()
    for (const result of results) if (result.status === 'rejected') this.options.onFault(result.reason)
  }

  private under(path: string): DocumentFile[] {
    return [...this.files.values()].filter((file) => path === '' || movedPath(file.path, path, path) !== undefined)
  }

  private async load(path: string): Promise<DocumentFile> {
    const journalFolder = join(this.workspace.home, 'journal')
    await mkdir(journalFolder, { recursive: true })
    await this.closing.get(path)
    const file = await DocumentFile.open(path, {
      workspace: this.workspace,
      journalFolder,
      versions: this.versions,
      onFault: (error) => this.options.onFault(error),
      tell: (message) => this.options.tell(file.path, message),
    })
    this.files.set(path, file)
    this.evict()
    return file
  }

  private evict(): void {
    const idle = [...this.files.values()].filter((file) => !this.options.inUse(file.path))
    for (const file of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) {
      this.files.delete(file.path)
      const closing = file.close().catch((error) => this.options.onFault(error))
      this.closing.set(
        file.path,
        closing.finally(() => this.closing.delete(file.path)),
      )
    }
  }
}

function whileStill(files: readonly DocumentFile[], work: () => Promise<void>): Promise<void> {
  return files.reduceRight<() => Promise<void>>((inner, file) => () => file.exclusive(inner), work)()
}
