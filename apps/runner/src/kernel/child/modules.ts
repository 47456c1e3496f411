/** `import` and `require` of cells, and the table of what they brought in. */
import { readFileSync } from 'node:fs'
import { createRequire, isBuiltin, register } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ImportedName } from '../transform/index.js'
import { compileSync } from './compile-sync.js'
import { installSyncHooks, registerHooks } from './hooks-sync.js'
import { findFile, notebookSpecifier, WorkspaceLoader } from './workspace-loader.js'

type Namespace = Record<string, unknown>

/** Frames of ours, as they come from the hooks' thread, where the stack formatter is not installed. */
const OWN_FOLDER = new URL('.', import.meta.url).href

export interface LoadedModule {
  url: string
  specifier: string
  namespace: Namespace
}

export class CellModules {
  readonly #workspace: string
  #notebook: string
  #hooked = false
  readonly #loaded = new Map<string, LoadedModule>()
  readonly #table = new Map<string, ImportedName>()
  /** Watches what `require` loads: Node's cache knows nothing of edits. */
  readonly #required: WorkspaceLoader
  /** Of the files in Node's cache of CommonJS. */
  readonly #stamps = new Map<string, string>()

  constructor(workspace: string, notebook: string | undefined) {
    this.#workspace = workspace
    this.#notebook = notebook ?? 'notebook.ipynb'
    this.#required = new WorkspaceLoader({ workspace, fallback: import.meta.url })
  }

  rename(notebook: string): void {
    this.#notebook = notebook
  }

  /** URL of the notebook: what cells' relative imports start from, and their `import.meta.url`. */
  get url(): string {
    return pathToFileURL(join(this.#workspace, this.#notebook)).href
  }

  get meta() {
    const filename = fileURLToPath(this.url)
    const resolve = (specifier: string) => this.#resolve(specifier)
    return { url: this.url, filename, dirname: dirname(filename), resolve }
  }

  /**
   * Imports for a cell. `wanted` maps the names a static import binds to whether the cell uses them as values: those must exist,
   * the others may be types, which leave nothing behind. Names that a CommonJS module only has on its default export are found there.
   */
  async import(
    specifier: unknown,
    options?: ImportCallOptions,
    wanted: Record<string, boolean> = {},
  ): Promise<Namespace> {
    const site = new Error('import')
    try {
      return await this.#import(String(specifier), options, wanted)
    } catch (error) {
      throw atSite(error, site)
    }
  }

  async #import(
    name: string,
    options: ImportCallOptions | undefined,
    wanted: Record<string, boolean>,
  ): Promise<Namespace> {
    const url = this.#resolve(name)
    const cache = this.#freshCache()
    const namespace = (await import(url, options)) as Namespace
    this.#remember(cache)
    const bare = url.replace(/\?v=\w+$/, '')
    this.#loaded.set(bare, { url: bare, specifier: name, namespace })
    return withNames(namespace, name, wanted)
  }

  require = (specifier: string): unknown => {
    installTypeScriptRequire()
    const own = createRequire(this.url)
    const local = /^\.{0,2}\//.test(specifier) ? findFile(join(dirname(fileURLToPath(this.url)), specifier)) : undefined
    if (local) {
      const cache = this.#freshCache()
      try {
        return own(local)
      } finally {
        this.#remember(cache)
      }
    }
    try {
      return own(specifier)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
      try {
        return createRequire(import.meta.url)(specifier)
      } catch {
        throw error
      }
    }
  }

  /** Node's cache of CommonJS, which goes by file name and knows nothing of edits, without what changed, itself or below. */
  #freshCache(): NodeJS.Dict<unknown> {
    const { cache } = createRequire(this.url)
    for (const [file, stamp] of this.#stamps) {
      if (this.#required.stampOf(file) === stamp) continue
      delete cache[file]
      this.#stamps.delete(file)
    }
    return cache
  }

  #remember(cache: NodeJS.Dict<unknown>): void {
    for (const file of Object.keys(cache)) {
      if (!this.#stamps.has(file) && this.#required.isOwnFile(file))
        this.#stamps.set(file, this.#required.stampOf(file))
    }
  }

  /** Notes the imports of a cell; other names it declares are no imports any more. */
  declare(names: readonly string[], imports: Record<string, ImportedName>): void {
    for (const name of names) this.#table.delete(name)
    for (const [name, from] of Object.entries(imports)) this.#table.set(name, from)
  }

  importOf(name: string): ImportedName | undefined {
    return this.#table.get(name)
  }

  modules(): Iterable<LoadedModule> {
    return this.#loaded.values()
  }

  #resolve(specifier: string): string {
    if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`
    if (!this.#hooked) {
      this.#hooked = true
      const options = { workspace: this.#workspace, fallback: import.meta.url }
      if (registerHooks) installSyncHooks(options)
      else register('./hooks.js', { parentURL: import.meta.url, data: options })
    }
    return import.meta.resolve(notebookSpecifier(specifier, this.url))
  }
}

/** Adds the importing cell's frames to a fault of a module, which knows nothing of who imported it. */
function atSite(error: unknown, site: Error): unknown {
  if (!(error instanceof Error)) return error
  const frames = (text: string | undefined) => (text ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const own = frames(error.stack).filter((line) => !line.includes('(node:') && !line.includes(OWN_FOLDER))
  const known = new Set(own.map((line) => line.replace('at async ', 'at ')))
  const importing = frames(site.stack).filter((line) => !known.has(line))
  try {
    error.stack = [`${error.name}: ${error.message}`, ...own, ...importing].join('\n')
  } catch {
    // A frozen error keeps the stack it has.
  }
  return error
}

function withNames(namespace: Namespace, specifier: string, wanted: Record<string, boolean>): Namespace {
  const missing = Object.keys(wanted).filter((name) => !(name in namespace))
  if (missing.length === 0) return namespace
  const fallback = namespace.default as Namespace | undefined
  const found = missing.filter((name) => fallback !== null && fallback !== undefined && name in Object(fallback))
  const lost = missing.find((name) => wanted[name] && !found.includes(name))
  if (lost) throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${lost}'`)
  return { ...namespace, ...Object.fromEntries(found.map((name) => [name, fallback![name]])) }
}

let typeScriptRequire = false

/** `require` of TypeScript files, for cells that prefer it. */
function installTypeScriptRequire(): void {
  if (typeScriptRequire) return
  typeScriptRequire = true
  const { extensions } = createRequire(import.meta.url)
  const compile = (module: NodeJS.Module, file: string) => {
    const code = compileSync(file, readFileSync(file, 'utf8'), 'cjs')
    ;(module as unknown as { _compile(code: string, file: string): void })._compile(code, file)
  }
  for (const extension of ['.ts', '.cts', '.mts', '.tsx']) extensions[extension] = compile
}
