/**
 * Which values come from modules: the imports a module file declares, and the exports of modules that notebook cells have
 * loaded.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Program, parse } from 'acorn'
import type { KernelHost } from '../host.js'
import type { ExportPlace } from './shippable.js'

const requireHere = createRequire(import.meta.url)

/** What a local name of a module stands for. `imported` is `*`, `default` or the name of an export. */
export interface ImportBinding {
  specifier: string
  imported: string
}

const tables = new Map<string, Map<string, ImportBinding>>()

/**
 * The import declarations of the module at a file URL, by local name. A module whose file cannot be read or parsed has an
 * empty table: its imports are then found by identity or travel as text.
 */
export function importTable(url: string): Map<string, ImportBinding> {
  let table = tables.get(url)
  if (!table) {
    table = new Map()
    try {
      readImports(url, table)
    } catch {
      table.clear()
    }
    tables.set(url, table)
  }
  return table
}

function readImports(url: string, table: Map<string, ImportBinding>): void {
  const file = fileURLToPath(url.replace(/[?#].*$/, ''))
  let source = readFileSync(file, 'utf8')
  if (/\.[cm]?tsx?$/.test(file)) {
    const { transformSync } = requireHere('esbuild') as typeof import('esbuild')
    source = transformSync(source, { loader: file.endsWith('x') ? 'tsx' : 'ts' }).code
  }
  const program: Program = parse(source, { ecmaVersion: 'latest', sourceType: 'module' })
  for (const node of program.body) {
    if (node.type !== 'ImportDeclaration') continue
    const specifier = String(node.source.value)
    for (const part of node.specifiers) {
      const imported =
        part.type === 'ImportNamespaceSpecifier'
          ? '*'
          : part.type === 'ImportDefaultSpecifier'
            ? 'default'
            : part.imported.type === 'Identifier'
              ? part.imported.name
              : String(part.imported.value)
      table.set(part.local.name, { specifier, imported })
    }
  }
}

const indexes = new WeakMap<object, Map<unknown, ExportPlace>>()

let merged: { namespaces: object[]; index: Map<unknown, ExportPlace> } | undefined

/** The exports of the modules that cells have loaded, and the members of their default exports, by value. */
export function loadedIndex(host: KernelHost | undefined): ReadonlyMap<unknown, ExportPlace> {
  const modules = [...(host?.modules() ?? [])]
  const namespaces = modules.map(({ namespace }) => namespace)
  if (merged?.namespaces.length === namespaces.length && namespaces.every((one, i) => one === merged?.namespaces[i])) {
    return merged.index
  }
  const all = new Map<unknown, ExportPlace>()
  for (const { url, namespace } of modules) {
    let index = indexes.get(namespace)
    if (!index) indexes.set(namespace, (index = indexOf(url, namespace)))
    for (const [value, place] of index) if (!all.has(value)) all.set(value, place)
  }
  merged = { namespaces, index: all }
  return all
}

const { cache: commonJsCache } = requireHere
let commonJsCount = 0
const commonJs = new Map<unknown, ExportPlace>()

/** The exports of the CommonJS modules that `require` has loaded, and their members, by value. */
export function requiredIndex(): ReadonlyMap<unknown, ExportPlace> {
  const files = Object.keys(commonJsCache)
  if (files.length === commonJsCount) return commonJs
  commonJsCount = files.length
  commonJs.clear()
  for (const file of files) {
    const exported: unknown = commonJsCache[file]?.exports
    if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) continue
    for (const [value, place] of indexOf(pathToFileURL(file).href, { default: exported })) {
      if (!commonJs.has(value)) commonJs.set(value, place)
    }
  }
  return commonJs
}

function indexOf(url: string, namespace: Record<string, unknown>): Map<unknown, ExportPlace> {
  const index = new Map<unknown, ExportPlace>([[namespace, { url, path: ['*'] }]])
  const add = (value: unknown, path: string[]) => {
    if ((typeof value === 'function' || (typeof value === 'object' && value)) && !index.has(value)) {
      index.set(value, { url, path })
    }
  }
  for (const name of Object.keys(namespace)) add(namespace[name], [name])
  const main = namespace.default
  if (typeof main === 'function' || (typeof main === 'object' && main)) {
    for (const [key, slot] of Object.entries(Object.getOwnPropertyDescriptors(main))) {
      if (key !== 'prototype') add(slot.value, ['default', key])
    }
  }
  for (const [value, { path }] of [...index]) {
    const { prototype } = (typeof value === 'function' ? value : {}) as { prototype?: unknown }
    if (prototype) add(prototype, [...path, 'prototype'])
  }
  return index
}
