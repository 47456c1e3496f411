/** Finds what a value or a name is outside the captured functions: globals, imports, exports of loaded modules. */
import { builtinModules } from 'node:module'
import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { KernelHost } from '../host.js'
import type { ImportNode, Reference } from './graph.js'
import { builtinPlace, globalExpression, isStandardGlobal } from './identity.js'
import { importTable, loadedIndex, requiredIndex } from './modules.js'
import type { Names } from './names.js'
import { type ExportPlace, markedPlace } from './shippable.js'

/** Begins an import specifier that is to be resolved from a folder of its own: `mayfly+<folder>!<name>`. */
export const FROM_FOLDER = 'mayfly+'

// Sees the top-level `let`, `const` and `class` of scripts, which are no properties of the global object.
// biome-ignore lint/security/noGlobalEval: only ever given an identifier that a parsed function contains.
const globalEval = eval

export class Lookup {
  readonly workspace: string
  /** What relative names in cells are relative to: a URL. */
  readonly baseUrl: string
  readonly #host: KernelHost | undefined
  readonly #names: Names
  #loaded: ReadonlyMap<unknown, ExportPlace> | undefined
  #required: ReadonlyMap<unknown, ExportPlace> | undefined
  readonly #imports = new Map<string, ImportNode>()
  /** Set when the text imports something that Node does not have itself. */
  external = false

  constructor(host: KernelHost | undefined, workspace: string, names: Names) {
    this.#host = host
    this.#names = names
    this.workspace = workspace
    const notebook = host?.currentCell()?.notebook ?? 'cell'
    const meta = (globalThis as { __nb?: { meta?: { url?: unknown } } }).__nb?.meta?.url
    this.baseUrl = typeof meta === 'string' ? meta : pathToFileURL(resolve(workspace, notebook)).href
  }

  get imports(): ImportNode[] {
    return [...this.#imports.values()]
  }

  byIdentity(value: object): Reference | undefined {
    const text = globalExpression(value)
    if (text !== undefined) return { kind: 'code', text }
    const place = markedPlace(value) ?? this.#loadedPlace(value)
    if (place) return this.#exported(place)
    const builtin = builtinPlace(value)
    if (!builtin) return undefined
    const [first, ...rest] = builtin.path
    return this.#import(builtin.module, first ?? 'default', rest)
  }

  #loadedPlace(value: object): ExportPlace | undefined {
    this.#loaded ??= loadedIndex(this.#host)
    this.#required ??= requiredIndex()
    return this.#loaded.get(value) ?? this.#required.get(value)
  }

  /** What an import declaration of the module at `url` binds a name to. */
  imported(url: string, name: string): Reference | undefined {
    const binding = importTable(url).get(name)
    return binding && this.#import(this.specifier(binding.specifier, url), binding.imported, [], name)
  }

  /** A name of the script scope: the value it has now, the import it stands for, or nothing when the text keeps it. */
  global(name: string): { value: unknown; reference?: Reference } | undefined {
    if (name === '__nb') return undefined
    const slot = Object.getOwnPropertyDescriptor(globalThis, name)
    if (slot?.get && isStandardGlobal(name)) return undefined
    let value: unknown
    try {
      value = globalEval(name)
    } catch {
      return undefined
    }
    if (isStandardGlobal(name) && Object.is(slot?.value, value)) return undefined
    const binding = this.#host?.importOf(name)
    const module = binding && this.#bindingHolds(binding, value)
    if (!module) return { value }
    const { imported } = binding
    const specifier = module.url && isFileName(binding.specifier) ? fileOf(module.url) : binding.specifier
    return { value, reference: this.#import(this.specifier(specifier, this.baseUrl), imported, [], name) }
  }

  /** Whether an import still is what the name stands for; the answer knows the module's URL when it was loaded. */
  #bindingHolds(binding: { specifier: string; imported: string }, value: unknown): { url?: string } | undefined {
    let known = false
    for (const { url, specifier, namespace } of this.#host!.modules()) {
      if (specifier !== binding.specifier) continue
      known = true
      const exported = binding.imported === '*' ? namespace : namespace[binding.imported]
      if (Object.is(exported, value)) return { url }
    }
    return known ? undefined : {}
  }

  /** A specifier as the emitted text has it: absolute for files, with its folder for names of packages. */
  specifier(specifier: string, base: string): string {
    const name = specifier.startsWith('node:') ? specifier.slice(5) : specifier
    if (specifier.startsWith('node:') || builtinModules.includes(name)) return `node:${name}`
    this.external = true
    if (specifier.startsWith('file:')) return fileOf(specifier)
    if (isAbsolute(specifier)) return specifier
    const folder = base.startsWith('file:') ? dirname(fileOf(base)) : this.workspace
    if (isFileName(specifier)) return resolve(folder, specifier)
    return folder === this.workspace ? specifier : `${FROM_FOLDER}${folder}!${specifier}`
  }

  /** Whether a class comes from an installed package and was not marked as shippable. */
  isForeign(value: object, reference: Reference | undefined, url: () => string | undefined): boolean {
    if (markedPlace(value)) return false
    if (reference?.kind === 'import') {
      const { specifier } = reference.node
      return specifier.startsWith('node:') || specifier.includes('/node_modules/') || !isFileName(specifier)
    }
    if (reference?.kind === 'code') return false
    const from = url()
    return from !== undefined && (from.startsWith('node:') || from.includes('/node_modules/'))
  }

  #exported({ url, path: [first, ...rest] }: ExportPlace): Reference {
    return this.#import(this.specifier(url, this.baseUrl), first as string, rest)
  }

  #import(specifier: string, imported: string, path: string[], wish?: string): Reference {
    const key = `${specifier} ${imported}`
    let node = this.#imports.get(key)
    if (!node) {
      const name =
        wish ??
        (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(imported) && imported !== 'default' ? imported : 'module')
      node = { specifier, imported, local: this.#names.unique(name) }
      this.#imports.set(key, node)
    }
    return { kind: 'import', node, path }
  }
}

function fileOf(url: string): string {
  const plain = url.replace(/[?#].*$/, '')
  return plain.startsWith('file:') ? fileURLToPath(plain) : plain
}

function isFileName(specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier) || specifier === '.' || specifier === '..' || isAbsolute(specifier)
}
