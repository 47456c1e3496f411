/**
 * The project that the cells of one folder belong to: a tsconfig.json that only the language server sees. It follows the workspace's own
 * settings where there are some, and adds what the kernel adds: Node, the bundled packages, the names of the kernel.
 */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { executable } from './tsc.js'

type Options = Record<string, unknown>

const require = createRequire(import.meta.url)
const GLOBALS = fileURLToPath(new URL('../../src/kernel/globals.d.ts', import.meta.url))
/** Packages that cells may import although no workspace has them. */
const BUNDLED = ['@mayfly/executor', '@mayfly/pipeline']
const SHOW_CONFIG_MS = 10_000

/** Unless the workspace says otherwise. */
const DEFAULTS: Options = { strict: true, target: 'esnext', lib: ['esnext'], types: [], skipLibCheck: true }

/** What the kernel does, whatever the workspace says. */
const KERNEL: Options = {
  noEmit: true,
  module: 'preserve',
  moduleResolution: 'bundler',
  moduleDetection: 'force',
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  esModuleInterop: true,
  isolatedModules: false,
  verbatimModuleSyntax: false,
  erasableSyntaxOnly: false,
  noUnusedLocals: false,
  noUnusedParameters: false,
}

/** Options of the workspace that concern files written or the project's own making. */
const DROPPED = new Set(
  (
    'composite incremental tsBuildInfoFile declaration declarationMap declarationDir emitDeclarationOnly sourceMap inlineSourceMap ' +
    'outDir outFile rootDir noEmitOnError importHelpers isolatedDeclarations rewriteRelativeImportExtensions baseUrl'
  ).split(' '),
)

/**
 * The text of the project file for a folder.
 * @param root Name of the one file, beside it, that imports all cells.
 */
export async function projectFile(folder: string, workspace: string, root: string): Promise<string> {
  const user = await userOptions(folder, workspace)
  const paths = { ...bundledPaths(folder), ...(user.paths as Options | undefined) }
  const nodeTypes = resolvePackage(folder, '@types/node') ?? dirname(require.resolve('@types/node/package.json'))
  return JSON.stringify({
    compilerOptions: { ...DEFAULTS, ...user, ...KERNEL, paths },
    files: [`./${root}`, join(nodeTypes, 'index.d.ts'), GLOBALS],
  })
}

/** The nearest tsconfig.json from the folder up to the workspace, as the compiler reads it; none when it cannot be read. */
async function userOptions(folder: string, workspace: string): Promise<Options> {
  const file = nearest(folder, workspace, 'tsconfig.json')
  if (!file) return {}
  try {
    const { stdout } = await promisify(execFile)(executable(), ['--showConfig', '-p', file], {
      timeout: SHOW_CONFIG_MS,
    })
    const { compilerOptions = {} } = JSON.parse(stdout) as { compilerOptions?: Options }
    const kept = Object.fromEntries(Object.entries(compilerOptions).filter(([name]) => !DROPPED.has(name)))
    return absolute(kept, dirname(file))
  } catch {
    return {}
  }
}

/** `--showConfig` writes paths relative to the file. */
function absolute(options: Options, base: string): Options {
  const each = (list: unknown) => (list as string[]).map((path) => resolve(base, path))
  const result = { ...options }
  for (const name of ['typeRoots', 'rootDirs']) if (result[name]) result[name] = each(result[name])
  if (result.paths)
    result.paths = Object.fromEntries(Object.entries(result.paths).map(([name, list]) => [name, each(list)]))
  return result
}

export function nearest(folder: string, workspace: string, name: string): string | undefined {
  for (let at = folder; at === workspace || at.startsWith(workspace + sep); at = dirname(at)) {
    if (existsSync(join(at, name))) return join(at, name)
    if (at === workspace) break
  }
  return undefined
}

/** Where the declarations of the bundled packages are, by import path; a package the workspace has itself is left alone. */
function bundledPaths(folder: string): Record<string, string[]> {
  const paths: Record<string, string[]> = {}
  for (const name of BUNDLED) {
    if (resolvePackage(folder, name)) continue
    const manifest = require.resolve(`${name}/package.json`)
    const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: Record<string, unknown> }
    for (const [subpath, target] of Object.entries(exports)) {
      const types = (target as { types?: string }).types
      if (types) paths[name + subpath.slice(1)] = [join(dirname(manifest), types)]
    }
  }
  return paths
}

/** Folder of a package as a file in `folder` would find it. */
function resolvePackage(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
    if (at === dirname(at)) return undefined
  }
}
