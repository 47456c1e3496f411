/** Which options are in force and where each comes from: argument, then notebook, then environment, then file, then default. */
import { resolve } from 'node:path'
import { MayflyError } from '../errors.js'
import { checkExecutorOptions, EXECUTOR_KEYS, type ExecutorOptions } from '../options.js'
import { fromEnvironment, variableOf } from './environment.js'
import { findConfigFile, readConfigFile } from './file.js'
import type { NotebookSettings } from './notebook.js'

export interface ConfigInForce {
  options: ExecutorOptions
  /** For each option that is set: `argument`, `notebook`, `environment MAYFLY_…` or `file <path>`. */
  sources: Record<string, string>
  /** The configuration file that was read, if there is one. */
  file?: string
}

export interface ConfigPlaces {
  /** Where the search for a file begins. Default: the working folder. */
  cwd?: string
  env?: NodeJS.ProcessEnv
  /** What the notebook says; see `notebookSettings`. */
  notebook?: NotebookSettings
}

/**
 * Options of an executor made with `argument`, completed from the notebook, the environment and the configuration file of
 * `cwd`. A storage that is only named, or not named where the backend needs one, gets the options there are for it.
 *
 * @throws MayflyError `E_CONFIG_UNKNOWN_KEY`, `E_CONFIG_VALUE` or `E_CONFIG_FILE`, naming the place that is wrong
 */
export function configInForce(
  argument: ExecutorOptions = {},
  { cwd = process.cwd(), env = process.env, notebook = {} }: ConfigPlaces = {},
): ConfigInForce {
  const file = findConfigFile(cwd, env)
  const layers = [
    ...(file ? [{ values: relativeTo(file, readConfigFile(file)), name: () => `file ${file}`, where: file }] : []),
    { values: fromEnvironment(env, EXECUTOR_KEYS), name: variableSource, where: 'environment' },
    { values: notebook, name: () => 'notebook', where: 'notebook' },
  ]
  const options: Record<string, unknown> = {}
  const sources: Record<string, string> = {}
  for (const { values, name, where } of layers) {
    checkLayer(values, where)
    take(values, options, sources, name)
  }
  take(argument, options, sources, () => 'argument')
  completeStorage(options, sources)
  return { options: options as ExecutorOptions, sources, ...(file ? { file } : {}) }
}

/** Gives the type of a configuration file: `export default defineConfig({ workers: 4 })`. */
export function defineConfig(options: ExecutorOptions): ExecutorOptions {
  return options
}

function variableSource(key: string): string {
  return `environment ${variableOf(key)}`
}

function take(
  values: object,
  options: Record<string, unknown>,
  sources: Record<string, string>,
  name: (key: string) => string,
): void {
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue
    sources[key] = name(key)
    // Named again, a storage keeps the options it was given further back.
    const before = options[key] as { backend?: unknown } | undefined
    if (key !== 'storage' || before?.backend !== value || typeof value !== 'string') options[key] = value
  }
}

/** Gives the storage `aws_s3` the options of the section of that name; it is the one that functions on Lambda use by default. */
function completeStorage(options: Record<string, unknown>, sources: Record<string, string>): void {
  const { aws_s3: section, backend } = options
  const storage = options.storage ?? (backend === 'aws_lambda' ? 'aws_s3' : undefined)
  if (storage !== 'aws_s3' || !section) return
  options.storage = { ...(section as object), backend: 'aws_s3' }
  sources.storage ??= sources.aws_s3!
}

/** A home in a file is meant from the file's folder. */
function relativeTo(file: string, values: Record<string, unknown>): Record<string, unknown> {
  return typeof values.home === 'string' ? { ...values, home: resolve(file, '..', values.home) } : values
}

const PLAIN = ['environment', 'notebook']

function checkLayer(values: Record<string, unknown>, where: string): void {
  try {
    checkExecutorOptions(values)
  } catch (error) {
    if (!(error instanceof MayflyError)) throw error
    const { key } = error.where ?? {}
    const place = where === 'environment' && key ? variableOf(String(key).split('.')[0]!) : where
    const hint = where === 'notebook' ? 'Correct it under the button with the backend, in the toolbar.' : error.hint
    throw new MayflyError(error.code, `${place}: ${error.message}`, {
      ...(hint ? { hint } : {}),
      where: { ...error.where, ...(PLAIN.includes(where) ? {} : { file: where }) },
    })
  }
}
