/**
 * The history of each notebook under `MAYFLY_HOME/versions/<path>/@`: `index.ndjson` lists the versions, `objects/` holds what they are
 * made of, named by content: outputs that did not change from one version to the next are stored once.
 */
import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import type { NbOutput } from '../kernel/index.js'
import { type Notebook, toNotebook } from '../nbformat.js'
import { notFound } from '../problem.js'
import { writeAtomic } from '../workspace/atomic.js'
import { movedPath, normalizePath } from '../workspace/paths.js'
import { Objects } from './objects.js'
import { thin, type Version, type VersionCause } from './thinning.js'

interface Entry extends Version {
  /** Name of the object that holds the notebook, and of those that it refers to. */
  object: string
  parts: string[]
}

/** A part of a notebook: its JSON, or that of the name of the object that holds it. */
interface Part {
  json: string
  /** Characters in the object. */
  length: number
  name?: string
}

/** Compressed bytes of one notebook's history; of a larger one the oldest versions go. */
const MAX_BYTES = 256 << 20
/** Versions are thinned so often at most. */
const THIN_MS = 10 * 60_000
/** Outputs and attachments of a cell with more characters of JSON are objects of their own. */
const INLINE = 1000

/** The histories of all notebooks of a workspace. */
export class Versions {
  private readonly logs = new Map<string, VersionLog>()

  /** @param home `MAYFLY_HOME` */
  constructor(private readonly home: string) {}

  of(path: string): VersionLog {
    const normal = normalizePath(path)
    let log = this.logs.get(normal)
    if (!log) this.logs.set(normal, (log = new VersionLog(join(this.place(normal), '@'))))
    return log
  }

  /** Follows a renamed file or folder; a history that the new name had is dropped. What is being kept goes along. */
  follow(from: string, to: string): Promise<void> {
    if (from === to) return Promise.resolve()
    const moving = [...this.logs].filter(([path]) => movedPath(path, from, to) !== undefined)
    const dropped = [...this.logs].filter(([path]) => movedPath(path, to, to) !== undefined)
    const rename = async () => {
      const [old, next] = [this.place(from), this.place(to)]
      await rm(next, { recursive: true, force: true })
      if (await stat(old).catch(() => undefined)) await renameInto(old, next)
      for (const [path] of [...moving, ...dropped]) this.logs.delete(path)
      for (const [path, log] of moving) {
        const target = movedPath(path, from, to)!
        log.relocate(join(this.place(target), '@'))
        this.logs.set(target, log)
      }
    }
    return [...moving, ...dropped].reduce<() => Promise<void>>(
      (inner, [, log]) =>
        () =>
          log.exclusive(inner),
      rename,
    )()
  }

  /** Waits for everything that is being written. */
  async settled(): Promise<void> {
    await Promise.all([...this.logs.values()].map((log) => log.settled()))
  }

  private place(path: string): string {
    return join(this.home, 'versions', normalizePath(path))
  }
}

/** The history of one notebook. */
export class VersionLog {
  private tail: Promise<unknown> = Promise.resolve()
  private index!: string
  private objects!: Objects
  private latest: Entry | undefined | null = null
  private thinnedAt = 0
  /** Lists of outputs are never changed, only replaced: the same list need not be stored again. */
  private readonly known = new WeakMap<NbOutput[], Part>()

  constructor(private folder: string) {
    this.relocate(folder)
  }

  /** Goes on in another folder; call it within `exclusive`. */
  relocate(folder: string): void {
    this.folder = folder
    this.index = join(folder, 'index.ndjson')
    this.objects = new Objects(join(folder, 'objects'))
  }

  /** Adds a version; an autosave only when it differs from the newest one. @param hash the document's */
  keep(notebook: Notebook, hash: string, cause: VersionCause, at: number = Date.now()): Promise<void> {
    return this.exclusive(async () => {
      if (this.latest === null) this.latest = (await this.entries()).at(-1)
      const { object, parts, bytes } = await this.store(notebook)
      if (object === this.latest?.object && cause === 'autosave') return
      const id = `${at.toString(36)}-${randomBytes(4).toString('hex')}`
      const entry: Entry = { id, at, cause, cells: notebook.cells.length, bytes, hash, object, parts }
      await mkdir(this.folder, { recursive: true })
      // A torn last line of an earlier life must not swallow this one.
      await appendFile(this.index, `\n${JSON.stringify(entry)}`)
      this.latest = entry
      if (at - this.thinnedAt > THIN_MS) await this.clean(at)
    })
  }

  /** All versions, oldest first. */
  list(): Promise<Version[]> {
    return this.exclusive(async () => (await this.entries()).map(({ object: _, parts: __, ...version }) => version))
  }

  /** The notebook as it was. Throws `E_NOT_FOUND`, `E_VERSION_DAMAGED`. */
  read(id: string): Promise<Notebook> {
    return this.exclusive(async () => {
      const entry = (await this.entries()).find((version) => version.id === id)
      if (!entry) throw notFound('version', id)
      try {
        return await this.load(entry)
      } catch (cause) {
        throw new MayflyError('E_VERSION_DAMAGED', `the version ${id} cannot be read: ${(cause as Error).message}`, {
          cause,
          hint: 'Choose another version; this one is damaged on the disk.',
        })
      }
    })
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.tail
  }

  private async store(notebook: Notebook): Promise<{ object: string; parts: string[]; bytes: number }> {
    const stored: Part[] = []
    const cells = []
    for (const { outputs, attachments, ...cell } of notebook.cells) {
      const fields = [JSON.stringify(cell).slice(1, -1)]
      for (const [key, part] of [
        ['outputs', outputs && (await this.outputs(outputs))],
        ['attachments', attachments && (await this.part(attachments))],
      ] as const) {
        if (!part) continue
        stored.push(part)
        fields.push(`"${key}":${part.json}`)
      }
      cells.push(`{${fields.join(',')}}`)
    }
    const { cells: _, ...rest } = notebook
    const text = `{${JSON.stringify(rest).slice(1, -1)},"cells":[${cells.join(',')}]}`
    const bytes = stored.reduce((sum, { length }) => sum + length, text.length)
    const parts = stored.flatMap(({ name }) => name ?? [])
    return { object: await this.objects.put(text), parts, bytes }
  }

  private async outputs(outputs: NbOutput[]): Promise<Part> {
    const before = this.known.get(outputs)
    // The object may have gone with the versions that needed it.
    if (before && (!before.name || (await this.objects.has(before.name)))) return before
    // What matters only while the kernel lives is not kept.
    const part = await this.part(outputs.map((output) => ({ ...output, transient: undefined, mayfly: undefined })))
    this.known.set(outputs, part)
    return part
  }

  private async part(value: unknown): Promise<Part> {
    const json = JSON.stringify(value)
    if (json.length <= INLINE) return { json, length: 0 }
    const name = await this.objects.put(json)
    return { json: `"${name}"`, length: json.length, name }
  }

  private async load(entry: Entry): Promise<Notebook> {
    const value = (await this.objects.get(entry.object)) as { cells: Record<string, unknown>[] }
    for (const cell of value.cells)
      for (const key of ['outputs', 'attachments'])
        if (typeof cell[key] === 'string') cell[key] = await this.objects.get(cell[key])
    return toNotebook(value, `version ${entry.id}`)
  }

  /** Thins the history, keeps it below its size, and drops the objects that no version needs any more. */
  private async clean(now: number): Promise<void> {
    this.thinnedAt = now
    const [entries, sizes] = [await this.entries(), await this.objects.sizes()]
    const used = new Set<string>()
    let total = 0
    const kept = thin(entries, now)
      .reverse()
      .filter(({ object, parts }, index) => {
        const added = [...new Set([object, ...parts])].filter((name) => !used.has(name))
        const bytes = added.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0)
        if (total + bytes > MAX_BYTES && index > 0) return false
        total += bytes
        for (const name of added) used.add(name)
        return true
      })
      .reverse()
    if (kept.length < entries.length) await writeAtomic(this.index, kept.map((e) => `\n${JSON.stringify(e)}`).join(''))
    await this.objects.drop([...sizes.keys()].filter((name) => !used.has(name)))
  }

  private async entries(): Promise<Entry[]> {
    const text = await readFile(this.index, 'utf8').catch(() => '')
    return text.split('\n').flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as Entry]
      } catch {
        return []
      }
    })
  }

  /** Runs work while nothing else reads or writes the history. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work)
    this.tail = result.catch(() => undefined)
    return result
  }
}

async function renameInto(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await rename(from, to)
}
