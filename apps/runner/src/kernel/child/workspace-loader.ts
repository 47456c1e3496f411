/**
 * How modules are found for cells and for the workspace's own files: TypeScript without extensions, packages of the workspace
 * first and the runner's own second, and edited files anew. No hook API in here: both kinds of hooks call it.
 */
import { createHash } from 'node:crypto'
import { readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, extname, resolve as resolvePath, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Prefix of specifiers that cells import: `nb:<encoded parent URL>|<specifier>`. */
const NOTEBOOK = 'nb:'
const EXTENSIONS = ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.cts', '.json']
/** TypeScript lets one write the extension of the output. */
const WRITTEN_AS: Record<string, string[]> = { '.js': ['.ts', '.tsx'], '.mjs': ['.mts'], '.cjs': ['.cts'] }
const TYPESCRIPT = /\.(ts|mts|cts|tsx)$/
const IMPORTS = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"]([^'"\n]+)['"]/g

export interface LoaderOptions {
  workspace: string
  /** File URL that packages are looked up from when the workspace has them not. */
  fallback: string
}

/** What to resolve: a file already found, or a specifier to hand on to Node, with a second parent to try. */
export type Request = { file: string } | { specifier: string; parentURL: string | undefined; secondParent?: string }

export const notebookSpecifier = (specifier: string, parentURL: string): string =>
  `${NOTEBOOK}${encodeURIComponent(parentURL)}|${specifier}`

export class WorkspaceLoader {
  readonly #root: string
  readonly #fallback: string
  readonly #files = new Map<string, { key: string; imports: string[] }>()
  /** Stamp of each file when it was first imported: that version's URL stays bare. */
  readonly #first = new Map<string, string>()

  constructor(options: LoaderOptions) {
    this.#root = resolvePath(options.workspace) + sep
    this.#fallback = options.fallback
  }

  /** Undefined when the import is none of ours and Node should do as it always does. */
  request(specifier: string, parentURL: string | undefined): Request | undefined {
    let wanted = specifier
    let parent = parentURL
    if (specifier.startsWith(NOTEBOOK)) {
      const bar = specifier.indexOf('|')
      parent = decodeURIComponent(specifier.slice(NOTEBOOK.length, bar))
      wanted = specifier.slice(bar + 1)
    } else if (!parent || !this.#owns(parent)) return undefined
    if (/^(\.{0,2}\/|file:)/.test(wanted)) {
      const file = findFile(fileURLToPath(new URL(wanted, parent)))
      if (!file) throw moduleNotFound(wanted, fileURLToPath(new URL(wanted, parent)))
      return { file }
    }
    const bare = !/^(\.|#|[a-z][a-z+.-]*:)/.test(wanted)
    return { specifier: wanted, parentURL: parent, ...(bare ? { secondParent: this.#fallback } : {}) }
  }

  /** URL of a file as it is now: a file of the workspace that changed, itself or anything it imports, gets a new one. */
  urlOf(file: string): string {
    const url = pathToFileURL(file).href
    if (!this.isOwnFile(file)) return url
    const stamp = this.stampOf(file)
    const first = this.#first.get(file)
    if (first === undefined) this.#first.set(file, stamp)
    return first === undefined || first === stamp ? url : `${url}?v=${stamp}`
  }

  /** Fingerprint of a file and all files it reaches by relative imports. */
  stampOf(file: string): string {
    const reached = new Map<string, string>()
    const queue = [file]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (reached.has(next) || !this.isOwnFile(next)) continue
      const entry = this.#look(next)
      reached.set(next, entry?.key ?? 'gone')
      if (entry) queue.push(...entry.imports)
    }
    const parts = [...reached].map(([path, key]) => `${path}:${key}`).sort()
    return createHash('sha1').update(parts.join('\n')).digest('hex').slice(0, 10)
  }

  /** The file behind a URL if its source is TypeScript, or JSON of the workspace. */
  sourceOf(url: string): { file: string; kind: 'typescript' | 'json' } | undefined {
    if (!url.startsWith('file:')) return undefined
    const file = fileURLToPath(url)
    if (TYPESCRIPT.test(file)) return { file, kind: 'typescript' }
    return file.endsWith('.json') && this.isOwnFile(file) ? { file, kind: 'json' } : undefined
  }

  #owns(url: string): boolean {
    return url.startsWith('file:') && this.isOwnFile(fileURLToPath(url))
  }

  /** A file of the workspace that is no package's. */
  isOwnFile(file: string): boolean {
    return file.startsWith(this.#root) && !file.includes(`${sep}node_modules${sep}`)
  }

  #look(file: string): { key: string; imports: string[] } | undefined {
    const stats = statOf(file)
    if (!stats) return undefined
    const key = `${stats.mtimeMs}:${stats.size}`
    const known = this.#files.get(file)
    if (known?.key === key) return known
    const entry = { key, imports: file.endsWith('.json') ? [] : importsOf(file) }
    this.#files.set(file, entry)
    return entry
  }
}

/** Files that a file imports by relative paths. Over-approximates (comments count), which costs a reload at worst. */
function importsOf(file: string): string[] {
  const found: string[] = []
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(IMPORTS)) {
    if (!specifier?.startsWith('.')) continue
    const target = findFile(resolvePath(dirname(file), specifier))
    if (target) found.push(target)
  }
  return found
}

/** The file that an import path means: itself, with an extension, in place of a written one, or the folder's index. */
export function findFile(path: string): string | undefined {
  const written = extname(path)
  const stem = path.slice(0, path.length - written.length)
  const candidates = [
    path,
    ...(WRITTEN_AS[written] ?? []).map((extension) => stem + extension),
    ...EXTENSIONS.map((extension) => path + extension),
    ...EXTENSIONS.map((extension) => resolvePath(path, `index${extension}`)),
  ]
  return candidates.find((candidate) => statOf(candidate)?.isFile())
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function moduleNotFound(specifier: string, path: string): Error {
  const message = `Cannot find module '${specifier}': there is no ${path}, and none with ${EXTENSIONS.join(', ')}`
  return Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' })
}

/** What to throw when a package was found from neither place; other faults stay what they are. */
export function packageNotFound(specifier: string): Error {
  const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
  const message = `Cannot find package '${name}'. Install it in the workspace: npm install ${name}`
  return Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' })
}

/** esbuild's options for a TypeScript module of the workspace. */
export function transformOptions(file: string) {
  const common = file.endsWith('.cts')
  return {
    loader: file.endsWith('.tsx') ? ('tsx' as const) : ('ts' as const),
    ...(common ? { format: 'cjs' as const } : {}),
    target: 'node20',
    charset: 'utf8' as const,
    sourcemap: 'inline' as const,
    sourcefile: file,
    logLevel: 'silent' as const,
  }
}

export const formatOf = (file: string): 'commonjs' | 'module' => (file.endsWith('.cts') ? 'commonjs' : 'module')

/** A TypeScript module that does not compile, said as Node would: with file, line and column. */
export function compileError(file: string, cause: unknown): Error {
  const [problem] =
    (cause as { errors?: { text: string; location: { line: number; column: number } | null }[] }).errors ?? []
  if (!problem) return cause as Error
  const { line = 1, column = 0 } = problem.location ?? {}
  const error = new SyntaxError(`${problem.text} (${file}:${line}:${column + 1})`)
  return error
}
