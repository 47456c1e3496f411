/** The backends there are, by Lithops' names. A backend's module is loaded only when it is wanted. */
import { MayflyError } from '../errors.js'
import { nearest } from '../nearest.js'
import type { AwsLambdaOptions } from './aws-lambda/config.js'
import { AwsLambdaBackend } from './aws-lambda/index.js'
import type { Backend } from './backend.js'
import { LocalhostBackend } from './localhost/index.js'

/** Lithops' three kinds: this machine, cloud functions, virtual machines. */
export type Mode = 'localhost' | 'serverless' | 'standalone'

/** What a backend may want to know of the executor. */
export interface BackendSettings {
  /** Batches at once: worker processes on this machine. */
  workers: number
  /** Working folder of the functions, where that means anything. */
  cwd: string
  /** Batches after which a worker process is replaced; undefined is never. */
  recycleAfter?: number | undefined
  /** How worker processes of this machine are kept from its files; `writable` are the folders they may write all the same. */
  isolation?: 'none' | 'bwrap' | undefined
  writable?: readonly string[] | undefined
  /** Section of the configuration for Lambda. */
  aws_lambda?: AwsLambdaOptions | undefined
}

interface Entry {
  mode: Mode
  make(settings: BackendSettings): Backend
}

const ENTRIES: Record<string, Entry> = {
  localhost: { mode: 'localhost', make: (settings) => new LocalhostBackend(settings) },
  aws_lambda: {
    mode: 'serverless',
    make: ({ workers, aws_lambda }) => new AwsLambdaBackend(workers, aws_lambda),
  },
}

/** Names of the backends of a mode, or of all. */
export function backendNames(mode?: Mode): string[] {
  return Object.keys(ENTRIES).filter((name) => !mode || ENTRIES[name]!.mode === mode)
}

/** Makes a backend by name; throws `E_CONFIG_BACKEND` for one there is not. */
export function makeBackend(name: string, settings: BackendSettings): Backend {
  const entry = Object.hasOwn(ENTRIES, name) ? ENTRIES[name] : undefined
  if (entry) return entry.make(settings)
  const near = nearest(name, backendNames())
  throw new MayflyError('E_CONFIG_BACKEND', `There is no backend '${name}'`, {
    hint: near ? `Did you mean '${near}'?` : `Available: ${backendNames().join(', ')}.`,
    where: { key: 'backend' },
  })
}

/** The backend of an executor that is bound to a mode; throws `E_CONFIG_BACKEND` when the mode has none, or not this one. */
export function backendOfMode(mode: Mode, name: string | undefined): string {
  const names = backendNames(mode)
  const chosen = name ?? names[0]
  if (chosen !== undefined && names.includes(chosen)) return chosen
  const what = name === undefined ? `a ${mode} backend` : `the ${mode} backend '${name}'`
  throw new MayflyError('E_CONFIG_BACKEND', `${what[0]!.toUpperCase()}${what.slice(1)} is not available`, {
    hint:
      names.length > 0
        ? `Available ${mode} backends: ${names.join(', ')}.`
        : `Available backends: ${backendNames().join(', ')}; use FunctionExecutor or LocalhostExecutor.`,
    where: { key: 'backend' },
  })
}
