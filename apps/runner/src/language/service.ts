/**
 * The language service of a workspace: one language server for all its notebooks, started when the first is opened, started again with
 * everything it knew when it dies, stopped some time after the last is closed.
 */
import { dirname, join } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import type { CancellationToken } from 'vscode-languageserver-protocol'
import { projectFile } from './config.js'
import { Tsc, TscEnded } from './tsc.js'
import { watchFolder } from './watch.js'

export interface ServiceOptions {
  workspace: string
  /** After the last notebook was closed, ms. */
  idleMs?: number
}

export type ServiceState = { state: 'starting' | 'ready' } | { state: 'failed'; message: string; hint?: string }

const IDLE_MS = 5 * 60_000
/** After so many deaths within the time it is left alone until somebody asks again later. */
const DEATHS = 4
const DEATHS_MS = 60_000

/** Starts the names of files that no disk has. */
export const VIRTUAL = '.mayfly~'
const ROOT = `${VIRTUAL}root.ts`

/** What a notebook tells the service of itself. */
export interface Member {
  /** Folder of the notebook. */
  readonly folder: string
  /** Names of its modules in that folder. */
  files(): Iterable<string>
  /** The server is new or files on disk changed: what was learned from it may be wrong. */
  stale(): void
  state(state: ServiceState): void
}

export class LanguageService {
  readonly workspace: string
  readonly #idleMs: number
  readonly #members = new Set<Member>()
  /** What the server is shown, by path: project files first, then cells, then roots, as they are sent. */
  readonly #shown = {
    configs: new Map<string, string>(),
    cells: new Map<string, string>(),
    roots: new Map<string, string>(),
  }
  readonly #folders = new Map<string, Promise<void>>()
  #tsc: Promise<Tsc> | undefined
  #current: Tsc | undefined
  #deaths: number[] = []
  #restarts = 0
  #idle: NodeJS.Timeout | undefined
  #unwatch: (() => void) | undefined

  constructor({ workspace, idleMs = IDLE_MS }: ServiceOptions) {
    this.workspace = workspace
    this.#idleMs = idleMs
  }

  /** For the curious: the process, how often it died, the notebooks it serves. */
  status(): { pid: number | null; restarts: number; notebooks: number } {
    return { pid: this.#current?.pid ?? null, restarts: this.#restarts, notebooks: this.#members.size }
  }

  join(member: Member): void {
    clearTimeout(this.#idle)
    this.#members.add(member)
    this.#unwatch ??= watchFolder(this.workspace, (changes) => this.#filesChanged(changes))
    member.state({ state: this.#current ? 'ready' : 'starting' })
  }

  leave(member: Member): void {
    this.#members.delete(member)
    for (const file of member.files()) this.hide(join(member.folder, file))
    this.connect(member.folder)
    if (![...this.#members].some(({ folder }) => folder === member.folder)) this.#forget(member.folder)
    if (this.#members.size > 0) return
    this.#unwatch?.()
    this.#unwatch = undefined
    this.#idle = setTimeout(() => void this.stop(), this.#idleMs).unref()
  }

  /** Shows the server a cell's module. Only what changed is sent. */
  show(file: string, text: string): void {
    if (this.#shown.cells.get(file) === text) return
    this.#shown.cells.set(file, text)
    this.#current?.show(file, text)
  }

  hide(file: string): void {
    if (this.#shown.cells.delete(file)) this.#current?.hide(file)
  }

  /** Makes the modules of a folder's notebooks part of its project; to be called after modules were added or taken away. */
  connect(folder: string): void {
    const files = [...this.#members]
      .filter((member) => member.folder === folder)
      .flatMap((member) => [...member.files()])
    const root = join(folder, ROOT)
    const text = files.map((file) => `import ${JSON.stringify(`./${file}`)}\n`).join('')
    if (this.#shown.roots.get(root) === text) return
    this.#shown.roots.set(root, text)
    // The root comes after the project file, which may not have been read yet.
    if (!this.#shown.configs.has(join(folder, 'tsconfig.json'))) return
    // A root that merely changes would leave new modules in the project the server made up for them when it first saw them.
    this.#current?.hide(root)
    this.#current?.show(root, text)
  }

  /** Asks the server; waits for it when it is starting, asks once more when it died meanwhile. */
  async request<Result>(
    folder: string,
    method: string,
    parameters: object,
    token?: CancellationToken,
  ): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      await this.#prepare(folder)
      const tsc = await this.#start()
      try {
        return await tsc.request<Result>(method, parameters, token)
      } catch (error) {
        if (!(error instanceof TscEnded) || attempt === 2) throw error
      }
    }
  }

  /** Ends the server; the next question starts one. */
  async stop(): Promise<void> {
    clearTimeout(this.#idle)
    this.#unwatch?.()
    this.#unwatch = undefined
    const tsc = await this.#tsc?.catch(() => undefined)
    this.#tsc = undefined
    this.#current = undefined
    await tsc?.stop()
  }

  /** Reads the settings of a folder once. */
  #prepare(folder: string): Promise<void> {
    let ready = this.#folders.get(folder)
    if (!ready) {
      ready = projectFile(folder, this.workspace, ROOT).then((text) => {
        if (this.#folders.get(folder) === ready) this.#configure(folder, text)
      })
      this.#folders.set(folder, ready)
    }
    return ready
  }

  #configure(folder: string, text: string): void {
    const file = join(folder, 'tsconfig.json')
    const root = join(folder, ROOT)
    const known = this.#shown.configs.get(file)
    if (known === text) return
    this.#shown.configs.set(file, text)
    this.#current?.show(file, text)
    const imports = this.#shown.roots.get(root)
    if (known === undefined && imports !== undefined) this.#current?.show(root, imports)
  }

  #forget(folder: string): void {
    this.#folders.delete(folder)
    for (const [kind, name] of [
      ['configs', 'tsconfig.json'],
      ['roots', ROOT],
    ] as const) {
      const file = join(folder, name)
      if (this.#shown[kind].delete(file)) this.#current?.hide(file)
    }
  }

  #start(): Promise<Tsc> {
    this.#tsc ??= this.#launch().catch((error) => {
      this.#tsc = undefined
      const { message, hint } = error as MayflyError
      this.#tell({ state: 'failed', message, ...(hint ? { hint } : {}) })
      throw error
    })
    return this.#tsc
  }

  async #launch(): Promise<Tsc> {
    const now = Date.now()
    this.#deaths = this.#deaths.filter((at) => now - at < DEATHS_MS)
    if (this.#deaths.length >= DEATHS)
      throw new MayflyError(
        'E_LANGUAGE_FAILED',
        `the TypeScript language server died ${DEATHS} times within a minute`,
        {
          hint: 'Notebooks still run. Completion and type errors come back when it can be started; reload the page in a minute.',
        },
      )
    this.#tell({ state: 'starting' })
    const tsc = await Tsc.start(this.workspace)
    const { configs, cells, roots } = this.#shown
    for (const texts of [configs, cells, roots]) for (const [file, text] of texts) tsc.show(file, text)
    this.#current = tsc
    void tsc.ended.then(() => this.#ended(tsc))
    this.#tell({ state: 'ready' })
    return tsc
  }

  #ended(tsc: Tsc): void {
    if (this.#current !== tsc) return
    this.#current = undefined
    this.#tsc = undefined
    this.#deaths.push(Date.now())
    this.#restarts += 1
    for (const member of this.#members) member.stale()
  }

  #filesChanged(changes: readonly { file: string; type: 1 | 2 | 3 }[]): void {
    const settings = changes.some(({ file }) =>
      /(^|[\\/])(tsconfig[^\\/]*\.json|package\.json|node_modules)$/.test(file),
    )
    this.#current?.changed(changes)
    if (settings) for (const folder of this.#folders.keys()) void this.#reconfigure(folder)
    // Newly installed packages are looked for by a new server only.
    if (changes.some(({ file }) => /[\\/]node_modules$/.test(file))) void this.#replace()
    for (const member of this.#members) member.stale()
  }

  async #reconfigure(folder: string): Promise<void> {
    const text = await projectFile(folder, this.workspace, ROOT)
    if (!this.#folders.has(folder)) return
    this.#configure(folder, text)
    for (const member of this.#members) if (member.folder === folder) member.stale()
  }

  async #replace(): Promise<void> {
    const old = this.#current
    this.#current = undefined
    this.#tsc = undefined
    await old?.stop()
    for (const member of this.#members) member.stale()
  }

  #tell(state: ServiceState): void {
    for (const member of this.#members) member.state(state)
  }
}

export const folderOf = (workspace: string, notebook: string): string => dirname(join(workspace, notebook))
