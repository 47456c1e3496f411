/** One open document and its file: loading with recovery, autosave, and noticing changes made by others. */
import type { BigIntStats } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { MayflyError } from '@mayfly/executor/errors'
import type { JupyterMessage } from '../kernel/index.js'
import { decodeNotebook, fingerprint, formatNotebook, type Notebook, parseNotebook } from '../nbformat.js'
import { notFound } from '../problem.js'
import { removeLeftovers, writeAtomic } from '../workspace/atomic.js'
import type { Workspace } from '../workspace/workspace.js'
import { type CellSource, Document } from './document.js'
import { toFault } from './fault.js'
import { Journal } from './journal.js'
import { type ChangeCause, changedNotice, troubleNotice } from './notice.js'
import type { VersionCause } from './thinning.js'
import type { Versions } from './versions.js'

/** Saved this long after the last change, at the latest this long after the first. */
const QUIET_MS = 400
const LATEST_MS = 2000
const RETRY_MS = 2000
/** New outputs make a version so often at most; edits make one with every save. */
const OUTPUTS_VERSION_MS = 10_000
/** What is larger would not fit into one string with room to grow. */
const MAX_FILE_BYTES = 256n << 20n
/** Saving may take this part of the time, so that huge notebooks do not only save. */
const DUTY = 10

export interface DocumentFileOptions {
  workspace: Workspace
  /** `MAYFLY_HOME/journal`. */
  journalFolder: string
  /** Told of faults that no request waits for, such as a failed autosave. */
  onFault: (error: unknown) => void
  /** Takes news for the pages that show the notebook. */
  tell: (message: JupyterMessage) => void
  versions: Versions
  now?: () => number
}

interface FileState {
  text: string
  stamp: string
  mode: number
}

export class DocumentFile {
  private dirty = false
  /** Why outputs are not kept at the moment. */
  private trouble: MayflyError | undefined
  private firstChange = 0
  private lastChange = 0
  private lastDuration = 0
  private timer: NodeJS.Timeout | undefined
  private tail: Promise<unknown> = Promise.resolve()
  /** The file as it was opened: the first version, once the file changes. */
  private opened: { notebook: Notebook; hash: string } | undefined
  private keptHash = ''
  private keptAt = 0
  private keeping: NodeJS.Timeout | undefined

  private constructor(
    private notebookPath: string,
    readonly document: Document,
    private readonly journal: Journal,
    private stamp: string,
    private mode: number | undefined,
    private readonly options: DocumentFileOptions,
  ) {}

  /** Reads the file and replays what the journal adds to it. Throws `E_NOT_FOUND`, `E_NOTEBOOK_INVALID`. */
  static async open(path: string, options: DocumentFileOptions): Promise<DocumentFile> {
    const state = await readState(path, options.workspace)
    await removeLeftovers(await options.workspace.resolveReal(path))
    const notebook = parseNotebook(state.text, path)
    const document = new Document(notebook)
    const journal = new Journal(options.journalFolder, {
      notebook: path,
      seq: 0,
      running: {},
      hash: fingerprint(notebook),
    })
    const { seq, running, records } = await journal.recover()
    const opened = { notebook: document.notebook(), hash: document.hash }
    document.resume(running)
    for (const { message, at } of records) document.apply(message, at)
    document.abandonRecovered('RunnerStopped', 'The runner stopped while this cell ran; its kernel is gone.')
    document.seq = seq
    const file = new DocumentFile(path, document, journal, state.stamp, state.mode, options)
    file.opened = opened
    if (records.length > 0 || Object.keys(running).length > 0) file.touch()
    return file
  }

  get path(): string {
    return this.notebookPath
  }

  /** Folds a message of the kernel into the document; returns it stamped. */
  apply(message: JupyterMessage): JupyterMessage {
    const at = (this.options.now ?? Date.now)()
    const { seq } = this.document
    const applied = this.document.apply(message, at)
    if (applied.changed) {
      this.journal.append({ seq: this.document.seq, at, message: applied.message })
      this.touch()
    } else if (this.document.seq !== seq) this.journal.pass(this.document.seq)
    return applied.message
  }

  /**
   * Puts into the journal what was folded; only then may clients see it. False when the journal cannot be written: outputs are in
   * memory only, which `fault` and a notice tell.
   */
  commit(): boolean {
    try {
      this.journal.write()
      return true
    } catch (error) {
      this.troubled(error)
      return false
    }
  }

  /** Why outputs are not kept at the moment; null when all is well. */
  get fault(): MayflyError | null {
    return this.trouble ?? null
  }

  /** Tells in every running cell why its kernel goes; returns the messages for the clients. */
  explain(ename: string, evalue: string): JupyterMessage[] {
    return this.document.explaining(ename, evalue).map((message) => this.apply(message))
  }

  /** Clears the outputs of some or all cells that are not under way; returns the messages for the clients. */
  clear(cellIds?: readonly string[]): JupyterMessage[] {
    return this.document.clearing(cellIds).map((message) => this.apply(message))
  }

  /** Takes over what others did to the file since it was last read or written. */
  refresh(): Promise<void> {
    return this.exclusive(() => this.sync())
  }

  /** Saves sources and order from a client. Throws `E_DOCUMENT_CONFLICT` when they build on an older version. */
  edit(cells: readonly CellSource[], metadata: Record<string, unknown>, hash: string): Promise<void> {
    return this.exclusive(async () => {
      await this.sync()
      if (hash !== this.document.hash) throw this.conflict()
      const settings = JSON.stringify(this.document.settings)
      const undo = this.document.edit(cells, metadata)
      if (!undo && !this.dirty && this.stamp !== '') return
      // What was not saved was not taken: the client tries again with the same hash.
      await this.write().catch((error) => {
        undo?.()
        throw error
      })
      // Other pages say where calls run and what they may cost: they must not go on saying what holds no more.
      if (JSON.stringify(this.document.settings) !== settings) this.changed('settings')
    })
  }

  /** Saves a whole notebook from a Jupyter client; outputs of cells under way stay the runner's. */
  replace(notebook: Notebook): Promise<void> {
    return this.exclusive(async () => {
      const unsave = this.document.saved()
      const undo = this.document.adopt(notebook)
      await this.write().catch((error) => {
        undo()
        unsave()
        throw error
      })
    })
  }

  /** Adds the present state to the history; resolves when it is there. */
  async keep(cause: VersionCause): Promise<void> {
    clearTimeout(this.keeping)
    this.keeping = undefined
    const log = this.options.versions.of(this.path)
    const { opened, document } = this
    this.opened = undefined
    this.keptHash = document.hash
    this.keptAt = Date.now()
    const present = document.notebook()
    if (opened) await log.keep(opened.notebook, opened.hash, 'autosave')
    await log.keep(present, document.hash, cause)
  }

  /** Goes back to an earlier notebook; what is there now becomes a version. Pages are told. */
  async restore(notebook: Notebook): Promise<void> {
    await this.refresh()
    await this.keep('restore')
    await this.replace(notebook)
    this.changed('restore')
  }

  /** Writes what is not yet in the file. */
  flush(): Promise<void> {
    return this.exclusive(async () => {
      if (!this.dirty) return
      await this.sync()
      if (this.stamp !== '')
        await this.write().catch(async (error) => {
          if (error.code !== 'E_DOCUMENT_CONFLICT') throw error
          await this.sync()
          await this.write()
        })
      // A file that was deleted is not brought back by its outputs; they stay in the journal.
      else if (this.commit()) this.recovered()
    })
  }

  /** Goes on under a new path, after the file was renamed; call it within `exclusive`. */
  relocate(path: string): void {
    this.notebookPath = path
    this.journal.move(path)
  }

  /** Runs work while neither autosave nor edits touch the file. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work)
    this.tail = result.catch(() => undefined)
    return result
  }

  /** Saves and lets go of the file. */
  async close(): Promise<void> {
    try {
      await this.flush()
      if (this.keeping) await this.keep('autosave')
    } finally {
      this.stopTimer()
      this.journal.close()
    }
  }

  /** Lets go of a file that was deleted; call it within `exclusive`. */
  async discard(): Promise<void> {
    this.stopTimer()
    this.dirty = false
    this.stamp = ''
    await this.journal.remove()
  }

  private stopTimer(): void {
    clearTimeout(this.timer)
    clearTimeout(this.keeping)
    this.timer = this.keeping = undefined
  }

  // The history must not hold up a save, nor fail it.
  private keepSoon(): void {
    const keep = () => void this.keep('autosave').catch((error) => this.options.onFault(error))
    if (this.document.hash !== this.keptHash) keep()
    else this.keeping ??= setTimeout(keep, Math.max(0, this.keptAt + OUTPUTS_VERSION_MS - Date.now())).unref()
  }

  private changed(cause: ChangeCause): void {
    const { hash, seq } = this.document
    this.options.tell(changedNotice({ hash, seq, cause }))
  }

  private touch(): void {
    this.lastChange = Date.now()
    if (!this.dirty) this.firstChange = this.lastChange
    this.dirty = true
    this.timer ??= setTimeout(() => this.autosave(), QUIET_MS)
  }

  // One timer for thousands of changes: when it rings too early, it is set again.
  private autosave(): void {
    this.timer = undefined
    if (!this.dirty) return
    const quiet = this.lastChange + Math.max(QUIET_MS, this.lastDuration)
    const latest = this.firstChange + Math.max(LATEST_MS, DUTY * this.lastDuration)
    const wait = Math.min(quiet, latest) - Date.now()
    if (wait > 0) this.timer = setTimeout(() => this.autosave(), wait)
    else this.flush().catch((error) => this.troubled(error))
  }

  // A full disk or a file in the middle of a merge may last: told once, tried again for as long as it takes.
  private troubled(thrown: unknown): void {
    const error = toFault(thrown, this.path)
    const known = this.trouble?.code === error.code
    this.trouble = error
    if (!known) {
      this.options.onFault(error)
      this.options.tell(troubleNotice(error, false))
    }
    this.dirty = true
    this.timer ??= setTimeout(() => this.autosave(), RETRY_MS)
  }

  private recovered(): void {
    if (!this.trouble) return
    this.options.tell(troubleNotice(this.trouble, true))
    this.trouble = undefined
  }

  private async sync(): Promise<void> {
    const state = await readState(this.path, this.options.workspace, this.stamp).catch((error) => {
      if ((error as MayflyError).code === 'E_NOT_FOUND') return undefined
      throw error
    })
    if (!state) this.stamp = ''
    else if (state.stamp !== this.stamp) {
      const notebook = parseNotebook(state.text, this.path)
      const same = fingerprint(notebook) === fingerprint(this.document.notebook())
      // Both what is overwritten and what overwrote it can be had back.
      if (!same) await this.keep('conflict').catch((error) => this.options.onFault(error))
      this.document.adopt(notebook)
      this.stamp = state.stamp
      this.mode = state.mode
      if (same) return
      await this.keep('autosave').catch((error) => this.options.onFault(error))
      this.changed('outside')
    }
  }

  private async write(): Promise<void> {
    const started = performance.now()
    const absolute = await this.options.workspace.resolveReal(this.path)
    // Nothing may be awaited from here to `rotate`: the text and the new journal must part at the same message.
    const notebook = this.document.notebook()
    const text = formatNotebook(notebook)
    const unsave = this.document.saved()
    this.dirty = false
    try {
      this.journal.rotate(this.document.seq, fingerprint(notebook), this.document.running())
      const check = () => this.checkUnchanged(absolute)
      this.stamp = stampOf(await writeAtomic(absolute, text, { mode: this.mode, check }))
    } catch (error) {
      unsave()
      this.dirty = true
      throw toFault(error, this.path)
    }
    this.recovered()
    this.keepSoon()
    await this.journal.commit()
    this.lastDuration = performance.now() - started
  }

  // Someone else may have been faster while the text was made and written.
  private async checkUnchanged(absolute: string): Promise<void> {
    const stats = await stat(absolute, { bigint: true }).catch(() => undefined)
    if (stats && this.stamp !== '' && stampOf(stats) !== this.stamp) throw this.conflict()
  }

  private conflict(): MayflyError {
    return new MayflyError('E_DOCUMENT_CONFLICT', `${this.path} was changed by someone else meanwhile`, {
      where: { path: this.path, hash: this.document.hash },
      hint: 'Reload the notebook to see the other version, or save again with its hash to overwrite it.',
    })
  }
}

/** The file's text and stamp; the text is left out when the stamp is the known one. */
async function readState(path: string, workspace: Workspace, known?: string): Promise<FileState> {
  const absolute = await workspace.resolveReal(path)
  const stats = await stat(absolute, { bigint: true }).catch(() => undefined)
  if (!stats?.isFile()) throw notFound('notebook', path)
  const stamp = stampOf(stats)
  const mode = Number(stats.mode)
  if (stamp === known) return { text: '', stamp, mode }
  if (stats.size > MAX_FILE_BYTES)
    throw new MayflyError('E_FILE_TOO_LARGE', `${path} has ${stats.size} bytes, too many for a notebook`, {
      where: { path },
      hint: 'Clear outputs in it with another tool, such as "jupyter nbconvert --clear-output".',
    })
  return { text: decodeNotebook(await readFile(absolute), path), stamp, mode }
}

function stampOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}`
}
