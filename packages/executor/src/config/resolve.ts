/** Which options are in force and where each comes from: argument, then environment, then file, then default. */
import { resolve } from 'node:path'
import { MayflyError } from '../errors.js'
import { checkExecutorOptions, EXECUTOR_KEYS, type ExecutorOptions } from '../options.js'
import { fromEnvironment, variableOf } from './environment.js'
import { findConfigFile, readConfigFile } from './file.js'

export interface ConfigInForce {
  options: ExecutorOptions
  /** For each option that is set: `argument`, `environment MAYFLY_…` or `file <path>`. */
  sources: Record<string, string>
  /** The configuration file that was read, if there is one. */
  file?: string
}

/**
 * Options of an executor made with `argument`, completed from the environment and the configuration file of `cwd`.
 *
 * @throws MayflyError `E_CONFIG_UNKNOWN_KEY`, `E_CONFIG_VALUE` or `E_CONFIG_FILE`, naming the place that is wrong
 */
export function configInForce(
  argument: ExecutorOptions = {},
  { cwd = process.cwd(), env = process.env }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): ConfigInForce {
  const file = findConfigFile(cwd, env)
  const layers = [
    ...(file ? [{ values: relativeTo(file, readConfigFile(file)), name: () => `file ${file}`, where: file }] : []),
    { values: fromEnvironment(env, EXECUTOR_KEYS), name: variableSource, where: 'environment' },
  ]
  const options: Record<string, unknown> = {}
  const sources: Record<string, string> = {}
  for (const { values, name, where } of layers) {
    checkLayer(values, where)
    take(values, options, sources, name)
  }
  take(argument, options, sources, () => 'argument')
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
    options[key] = value
    sources[key] = name(key)
  }
}

/** A home in a file is meant from the file's folder. */
function relativeTo(file: string, values: Record<string, unknown>): Record<string, unknown> {
  return typeof values.home === 'string' ? { ...values, home: resolve(file, '..', values.home) } : values
}

function checkLayer(values: Record<string, unknown>, where: string): void {
  try {
    checkExecutorOptions(values)
  } catch (error) {
    if (!(error instanceof MayflyError)) throw error
    const { key } = error.where ?? {}
    const place = where === 'environment' && key ? variableOf(String(key).split('.')[0]!) : where
    throw new MayflyError(error.code, `${place}: ${error.message}`, {
      ...(error.hint ? { hint: error.hint } : {}),
      where: { ...error.where, ...(where === 'environment' ? {} : { file: where }) },
    })
  }
}
