/**
 * The configuration file: `mayfly.config.{ts,mts,js,mjs,json}`. The one `MAYFLY_CONFIG` names, else the nearest on the way
 * from the working folder to the root, else the user's own in `~/.config/mayfly/config.{ts,mts,js,mjs,json}`.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compileFunction } from 'node:vm'
import { buildSync } from 'esbuild'
import { MayflyError } from '../errors.js'

const ENDINGS = ['ts', 'mts', 'js', 'mjs', 'json']

/** Every place a file is looked for, in order. */
export function candidates(cwd: string, env: NodeJS.ProcessEnv): string[] {
  const places: string[] = []
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    places.push(...ENDINGS.map((ending) => join(folder, `mayfly.config.${ending}`)))
    if (dirname(folder) === folder) break
  }
  const own = join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'mayfly')
  return [...places, ...ENDINGS.map((ending) => join(own, `config.${ending}`))]
}

/** The file in force, if any. @throws MayflyError `E_CONFIG_FILE` when `MAYFLY_CONFIG` names none. */
export function findConfigFile(cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  const named = env.MAYFLY_CONFIG
  if (!named) return candidates(cwd, env).find((path) => existsSync(path))
  const path = resolve(cwd, named)
  if (existsSync(path)) return path
  throw new MayflyError('E_CONFIG_FILE', `MAYFLY_CONFIG names ${path}, which does not exist`, {
    hint: 'Correct the variable, or unset it to have mayfly.config.* looked for.',
    where: { file: path },
  })
}

const loaded = new Map<string, { stamp: number; value: Record<string, unknown> }>()

/** What the file says. Read again only when it has changed. @throws MayflyError `E_CONFIG_FILE`. */
export function readConfigFile(path: string): Record<string, unknown> {
  const stamp = statSync(path).mtimeMs
  const known = loaded.get(path)
  if (known?.stamp === stamp) return known.value
  const value = evaluate(path)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const expected = extname(path) === '.json' ? 'one object' : 'one object as its default export'
    throw fault(path, `it must hold ${expected}`, 'See `npx mayfly config --help` for the keys.')
  }
  loaded.set(path, { stamp, value: value as Record<string, unknown> })
  return value as Record<string, unknown>
}

/** Runs at once, because an executor is made without waiting: a module is bundled to CommonJS, packages stay outside. */
function evaluate(path: string): unknown {
  try {
    if (extname(path) === '.json') return JSON.parse(readFileSync(path, 'utf8'))
    const { outputFiles } = buildSync({
      entryPoints: [path],
      ...{ bundle: true, write: false, format: 'cjs', platform: 'node', packages: 'external', logLevel: 'silent' },
      // The same place for `import.meta.url` as in a module.
      define: { 'import.meta.url': '__configUrl' },
    })
    const module: { exports: { default?: unknown } } = { exports: {} }
    const run = compileFunction(outputFiles[0]!.text, ['module', 'exports', 'require', '__configUrl'], {
      filename: path,
    })
    run(module, module.exports, createRequire(path), pathToFileURL(path).href)
    return module.exports.default ?? module.exports
  } catch (error) {
    throw fault(path, (error as Error).message, 'Correct the file, or move it away to go on without it.', error)
  }
}

function fault(path: string, message: string, hint: string, cause?: unknown): MayflyError {
  return new MayflyError('E_CONFIG_FILE', `${path}: ${message}`, { hint, where: { file: path }, cause })
}
