/**
 * Settings of an executor and of one job, checked where they come in. An unknown key is an error that names the nearest
 * known one: a misspelt `runtimeMemroy` must not silently run with the default.
 */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { FailureKind } from './errors.js'
import { MayflyError } from './errors.js'
import { nearest } from './nearest.js'

const kinds = z.enum(['error', 'timeout', 'oom', 'lost'])
const memory = z.number().int().min(32).max(1_048_576)
const seconds = z.number().positive().max(2_000_000)
const env = z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
const retry = z.strictObject({ attempts: z.number().int().min(1).max(100).optional(), on: z.array(kinds).optional() })
const retries = z.number().int().min(0).max(99)

const perCall = {
  runtimeMemory: memory.optional(),
  timeout: seconds.optional(),
  retries: retries.optional(),
  retry: retry.optional(),
  extraEnv: env.optional(),
}

const executorSchema = z.strictObject({
  backend: z.literal('localhost').optional(),
  storage: z.literal('localhost').optional(),
  name: z.string().min(1).max(200).optional(),
  workers: z.number().int().min(1).max(1024).optional(),
  home: z.string().min(1).optional(),
  progress: z.boolean().optional(),
  ...perCall,
})

/** The options of an executor. */
export const EXECUTOR_KEYS: readonly string[] = Object.keys(executorSchema.shape)

const jobSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  chunksize: z.union([z.number().int().min(1).max(100_000), z.literal('auto')]).optional(),
  extraArgs: z.array(z.unknown()).optional(),
  signal: z.instanceof(AbortSignal).optional(),
  ...perCall,
})

/** Which failures are tried again, and how many tries a call has in all. */
export interface RetryOptions {
  /** Tries in all, the first included. Default 3. */
  attempts?: number
  /** Kinds of failure that are tried again at once. Default `['lost']`: an error of the function itself is final. */
  on?: readonly Exclude<FailureKind, 'throttled' | 'cancelled' | 'budget'>[]
}

/** What holds for each call of a job; an executor's value is the default of its jobs. */
export interface CallSettings {
  /** Memory of a worker in MB: its V8 heap limit, and (plus 96 MB for Node itself) the limit of its resident set. Default: no limit of ours. */
  runtimeMemory?: number
  /** Seconds one attempt may run before its worker is killed. Default: no limit. */
  timeout?: number
  /** Short for `retry: { attempts: retries + 1, on: ['error', 'timeout', 'oom', 'lost'] }`; 0 turns retrying off. */
  retries?: number
  retry?: RetryOptions
  /** Environment variables set while a call runs; numbers and booleans become strings. */
  extraEnv?: Record<string, string | number | boolean>
}

export interface ExecutorOptions extends CallSettings {
  /** Where calls run. Default, and so far the only one: `localhost`. */
  backend?: 'localhost'
  /** Where data lives. Default, and so far the only one: `localhost`. */
  storage?: 'localhost'
  /** Stands before the name of the first function in the titles of the runs. */
  name?: string
  /** Worker processes at a time. Default: the number of CPUs this process may use. */
  workers?: number
  /** Folder for run logs and storage. Default: `MAYFLY_HOME`, else `.mayfly` in `MAYFLY_WORKSPACE` or the current folder. */
  home?: string
  /** Shows a progress line when stderr is a terminal. Default true; notebooks show a strip instead. */
  progress?: boolean
}

export interface JobOptions<X extends readonly unknown[] = readonly unknown[]> extends CallSettings {
  /** Name of the job on the timeline. Default: the function's name. */
  name?: string
  /** Calls handed to a worker at a time. Default `'auto'`: one, and more only for calls of a few milliseconds. */
  chunksize?: number | 'auto'
  /** Arguments between the item and the context, the same for every call. */
  extraArgs?: X
  /** Cancels the job when aborted. */
  signal?: AbortSignal
}

/** Per-call settings with every default filled in. */
export interface ResolvedSettings {
  runtimeMemory?: number
  timeout?: number
  attempts: number
  on: readonly FailureKind[]
  extraEnv: Record<string, string>
}

/** Checks the options of an executor; throws `E_CONFIG_UNKNOWN_KEY` or `E_CONFIG_VALUE`. */
export function checkExecutorOptions(options: unknown): ExecutorOptions & { workers: number } {
  const checked = check(executorSchema, options, 'FunctionExecutor')
  return { ...checked, workers: checked.workers ?? availableParallelism() }
}

/** Checks the options of `map` or `callAsync`; `method` is named in errors. */
export function checkJobOptions(options: unknown, method: string): JobOptions {
  return check(jobSchema, options, method)
}

/** Merges a job's settings over its executor's. */
export function resolveSettings(executor: CallSettings, job: CallSettings): ResolvedSettings {
  const own = job.retry !== undefined || job.retries !== undefined ? job : executor
  const short = own.retries === undefined ? undefined : { attempts: own.retries + 1, on: kinds.options }
  const runtimeMemory = job.runtimeMemory ?? executor.runtimeMemory
  const timeout = job.timeout ?? executor.timeout
  return {
    ...(runtimeMemory === undefined ? {} : { runtimeMemory }),
    ...(timeout === undefined ? {} : { timeout }),
    attempts: own.retry?.attempts ?? short?.attempts ?? 3,
    on: own.retry?.on ?? short?.on ?? ['lost'],
    extraEnv: asStrings({ ...executor.extraEnv, ...job.extraEnv }),
  }
}

function asStrings(env: Record<string, string | number | boolean>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]))
}

function check<T extends z.ZodObject>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value ?? {})
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  if (issue.code === 'unrecognized_keys') {
    const key = [...issue.path, issue.keys[0]!].join('.')
    const known = issue.path[0] === 'retry' ? ['attempts', 'on'] : Object.keys(schema.shape)
    const near = nearest(String(issue.keys[0]), known)
    throw new MayflyError('E_CONFIG_UNKNOWN_KEY', `${where} has no option '${key}'`, {
      hint: near ? `Did you mean '${near}'?` : `Options are ${known.join(', ')}.`,
      where: { key },
    })
  }
  const key = issue.path.join('.')
  throw new MayflyError('E_CONFIG_VALUE', `${where}: ${key ? `option '${key}'` : 'the options'}: ${issue.message}`, {
    hint: key ? `Give '${key}' a value of the kind the message names.` : 'Pass an object of options.',
    where: { key },
  })
}
