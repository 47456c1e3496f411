/** One open document and its file: loading with recovery, autosave, and noticing changes made by others. */
import { readFile, stat } from 'node:fs/promises'
import { MayflyError } from '@mayfly/executor/errors'
import type { JupyterMessage } from '../kernel/index.js'
import { formatNotebook, type Notebook, parseNotebook } from '../nbformat.js'
import { notFound } from '../problem.js'
import { writeAtomic } from '../workspace/atomic.js'
import type { Workspace } from '../workspace/workspace.js'
import { type CellSource, Document } from './document.js'
import { Journal, sha256 } from './journal.js'

/** Saved this long after the last change, at the latest this long after the first. */
const QUIET_MS = 400
const LATEST_MS = 2000
const RETRY_MS = 5000
/** Saving may take this part of the time, so that huge notebooks do not only save. */
const DUTY = 10

export interface DocumentFileOptions {
  workspace: Workspace
  /** `MAYFLY_HOME/journal`. */
  journalFolder: string
  /** Told of faults that no request waits for, such as a failed autosave. */
  onFault: (error: unknown) => void
  now?: () => number
}

interface FileState {
  text: string
  stamp: string
  mode: number
}

export class DocumentFile {
  private dirty = false
  /** The last autosave failed. */
  private failing = false
  private firstChange = 0
  private lastChange = 0
  private lastDuration = 0
  private timer: NodeJS.Timeout | undefined
  private tail: Promise<unknown> = Promise.resolve()

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
    const document = new Document(parseNotebook(state.text, path))
    const journal = new Journal(options.journalFolder, {
      notebook: path,
      seq: 0,
      running: {},
      hash: sha256(state.text),
    })
    const { seq, running, records } = await journal.recover()
    document.resume(running)
    for (const { message, at } of records) document.apply(message, at)
    document.abandonRecovered('RunnerStopped', 'The runner stopped while this cell ran; its kernel is gone.')
    document.seq = seq
    const file = new DocumentFile(path, document, journal, state.stamp, state.mode, options)
    if (records.length > 0 || Object.keys(running).length > 0) file.touch()
    return file
  }

  get path(): string {
    return this.notebookPath
  }

  /** Folds a message of the kernel into the document; returns it stamped. */
  apply(message: JupyterMessage): JupyterMessage {
    const at = (this.options.now ?? Date.now)()
    const applied = this.document.apply(message, at)
    if (applied.changed) {
      this.journal.append({ seq: this.document.seq, at, message: applied.message })
      this.touch()
    }
    return applied.message
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
      if (hash !== this.document.hash)
        throw new MayflyError('E_DOCUMENT_CONFLICT', `${this.path} was changed by someone else meanwhile`, {
          where: { path: this.path, hash: this.document.hash },
          hint: 'Reload the notebook to see the other version, or save again with its hash to overwrite it.',
        })
      const changed = this.document.edit(cells, metadata)
      if (changed || this.dirty || this.stamp === '') await this.write()
    })
  }

  /** Saves a whole notebook from a Jupyter client; outputs of cells under way stay the runner's. */
  replace(notebook: Notebook): Promise<void> {
    return this.exclusive(async () => {
      this.document.saved()
      this.document.adopt(notebook)
      await this.write()
    })
  }

  /** Writes what is not yet in the file. */
  flush(): Promise<void> {
    return this.exclusive(async () => {
      if (!this.dirty) return
      await this.sync()
      // A file that was deleted is not brought back by its outputs.
      if (this.stamp !== '') await this.write()
    })
  }

  /** Goes on under a new path, after the file was renamed; call it within `exclusive`. */
  async relocate(path: string): Promise<void> {
    this.notebookPath = path
    await this.journal.move(path)
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
    } finally {
      this.stopTimer()
      await this.journal.close()
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
    this.timer = undefined
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
    else
      this.flush().then(
        () => this.autosaved(),
        (error) => this.autosaved(error),
      )
  }

  // A full disk or a file in the middle of a merge may last: told once, tried again for as long as it takes.
  private autosaved(error?: unknown): void {
    if (error === undefined) this.failing = false
    else {
      if (!this.failing) this.options.onFault(error)
      this.failing = true
      this.timer ??= setTimeout(() => this.autosave(), RETRY_MS)
    }
  }

  private async sync(): Promise<void> {
    const state = await readState(this.path, this.options.workspace, this.stamp).catch((error) => {
      if ((error as MayflyError).code === 'E_NOT_FOUND') return undefined
      throw error
    })
    if (!state) this.stamp = ''
    else if (state.stamp !== this.stamp) {
      this.document.adopt(parseNotebook(state.text, this.path))
      this.stamp = state.stamp
      this.mode = state.mode
    }
  }

  private async write(): Promise<void> {
    const started = performance.now()
    const absolute = await this.options.workspace.resolveReal(this.path)
    // Nothing may be awaited from here to `rotate`: the text and the new journal must part at the same message.
    const text = formatNotebook(this.document.notebook())
    const unsave = this.document.saved()
    this.dirty = false
    try {
      await this.journal.rotate(this.document.seq, sha256(text), this.document.running())
      await writeAtomic(absolute, text, this.mode)
      this.stamp = await stampOf(absolute)
    } catch (error) {
      unsave()
      this.dirty = true
      throw error
    }
    await this.journal.commit()
    this.lastDuration = performance.now() - started
  }
}

/** The file's text and stamp; the text is left out when the stamp is the known one. */
async function readState(path: string, workspace: Workspace, known?: string): Promise<FileState> {
  const absolute = await workspace.resolveReal(path)
  const stats = await stat(absolute, { bigint: true }).catch(() => undefined)
  if (!stats?.isFile()) throw notFound('notebook', path)
  const stamp = `${stats.ino}:${stats.size}:${stats.mtimeNs}`
  return { text: stamp === known ? '' : await readFile(absolute, 'utf8'), stamp, mode: Number(stats.mode) }
}

async function stampOf(absolute: string): Promise<string> {
  const stats = await stat(absolute, { bigint: true })
  return `${stats.ino}:${stats.size}:${stats.mtimeNs}`
}
