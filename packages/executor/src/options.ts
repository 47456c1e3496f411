/**
 * Settings of an executor and of one job, checked where they come in. An unknown key is an error that names the nearest
 * known one: a misspelt `runtimeMemroy` must not silently run with the default.
 */
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { type AwsLambdaOptions, awsLambdaSchema } from './backends/aws-lambda/config.js'
import type { Backend } from './backends/backend.js'
import type { Extras } from './context.js'
import type { FailureKind } from './errors.js'
import { MayflyError } from './errors.js'
import { nearest } from './nearest.js'
import type { PartitionOptions } from './partition/types.js'
import type { AwsS3StorageOptions } from './storage/aws-s3/options.js'
import type { Storage, StorageOptions } from './storage/storage.js'

const kinds = z.enum(['error', 'timeout', 'oom', 'lost'])
const megabytes = z.number().int().min(32).max(1_048_576)
const seconds = z.number().positive().max(2_000_000)
const share = z.number().min(0).max(1)
const fn = z.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', 'expected a function')
const env = z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
const retry = z.strictObject({
  attempts: z.number().int().min(1).max(100).optional(),
  on: z.array(kinds).optional(),
  backoff: z.union([z.number().min(0).max(86_400), fn]).optional(),
})
const hedge = z.strictObject({
  after: share.optional(),
  factor: z.number().min(1).max(1000).optional(),
  min: z.number().min(0).max(86_400).optional(),
  max: share.optional(),
})

const perCall = {
  runtimeMemory: z.union([megabytes, fn]).optional(),
  timeout: seconds.optional(),
  retries: z.number().int().min(0).max(99).optional(),
  retry: retry.optional(),
  hedge: z.union([z.boolean(), hedge]).optional(),
  onFailure: z.union([z.enum(['collect', 'failFast']), z.strictObject({ tolerate: z.number().min(0) })]).optional(),
  extraEnv: env.optional(),
}

const executorSchema = z.strictObject({
  backend: z.union([z.string().min(1), z.custom<Backend>(isBackend, 'expected the name of a backend')]).optional(),
  storage: z
    .custom<string | StorageOptions | Storage>(isStorage, 'expected the name, URL or options of a storage')
    .optional(),
  name: z.string().min(1).max(200).optional(),
  workers: z.number().int().min(1).max(10_000).optional(),
  recycleAfter: z.number().int().min(1).optional(),
  isolation: z.enum(['none', 'bwrap']).optional(),
  home: z.string().min(1).optional(),
  progress: z.boolean().optional(),
  budget: z.strictObject({ usd: z.number().min(0) }).optional(),
  aws_lambda: awsLambdaSchema.optional(),
  aws_s3: z.custom<Omit<AwsS3StorageOptions, 'backend'>>(isSection, 'expected the options of aws_s3').optional(),
  ...perCall,
})

/** The options of an executor. */
export const EXECUTOR_KEYS: readonly string[] = Object.keys(executorSchema.shape)

const jobSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  chunksize: z.union([z.number().int().min(1).max(100_000), z.literal('auto')]).optional(),
  extraArgs: z.array(z.unknown()).optional(),
  signal: z.instanceof(AbortSignal).optional(),
  idempotencyKey: z.union([z.string().min(1), fn]).optional(),
  objChunkSize: z.number().optional(),
  objChunkNumber: z.number().optional(),
  objNewline: z.union([z.string(), z.instanceof(Uint8Array), z.null()]).optional(),
  ...perCall,
})

const reduceSchema = z.strictObject({
  ...jobSchema.shape,
  extraArgsReduce: z.array(z.unknown()).optional(),
  mapRuntimeMemory: perCall.runtimeMemory,
  reduceRuntimeMemory: megabytes.optional(),
  spawnReducer: z.number().min(0).max(100).optional(),
  fanIn: z.number().int().min(2).optional(),
  objReduceByKey: z.boolean().optional(),
  reduceBy: fn.optional(),
})

const waitSchema = z.strictObject({
  returnWhen: z.unknown().optional(),
  timeout: z.number().min(0).optional(),
  signal: z.instanceof(AbortSignal).optional(),
  throwExcept: z.boolean().optional(),
  downloadResults: z.boolean().optional(),
})

/** Kinds of failure that can be tried again. The others are never the call's own end: `throttled` is waited out. */
export type RetryKind = Exclude<FailureKind, 'throttled' | 'cancelled' | 'budget'>

/** Which failures are tried again, and how many tries a call has in all. */
export interface RetryOptions {
  /** Tries in all, the first included. Default 3. */
  attempts?: number
  /** Kinds of failure that are tried again. Default `['lost']`: an error of the function itself is final. */
  on?: readonly RetryKind[]
  /**
   * Seconds to wait before the next try: a number is the first wait, which doubles with every further one up to a minute;
   * or a function of the number of failed tries and the kind of the last failure. Default 0: at once.
   */
  backoff?: number | ((failed: number, kind: RetryKind) => number)
}

/** When a second copy of a slow call is started. The first copy that is done counts, the other is stopped. */
export interface HedgeOptions {
  /** Share of the calls that must be done before any is called slow. Default 0.75. */
  after?: number
  /** A call is slow when it has run this many times as long as nine tenths of the others needed. Default 1.5. */
  factor?: number
  /** And at least this many seconds. Default 1. */
  min?: number
  /** Copies at most, as a share of the calls; one is always allowed. Default 0.05. */
  max?: number
}

/** How the last try of a call ended. */
export interface LastFailure {
  kind: FailureKind
  attempt: number
  /** Memory it had, MB. */
  runtimeMemory: number | undefined
}

/** MB; or a function of the item and, when the call is tried again, of how it failed before. */
export type RuntimeMemory<T = never> = number | ((item: T, last?: LastFailure) => number)

/** What holds for each call of a job; an executor's value is the default of its jobs. */
export interface CallSettings<T = never> {
  /**
   * Memory limit of a worker in MB. Default: none but V8's own. A call that is tried again after it ran out of memory
   * (`retry: { on: ['oom'] }`, the default where Lambda's functions have classes) gets twice as much each time, or what the
   * next class has, unless a function says what it gets.
   */
  runtimeMemory?: RuntimeMemory<T>
  /** Seconds one attempt may run before its worker is killed. Default: no limit. */
  timeout?: number
  /** Short for `retry: { attempts: retries + 1, on: ['error', 'timeout', 'oom', 'lost'] }`; 0 turns retrying off. */
  retries?: number
  retry?: RetryOptions
  /** Starts second copies of slow calls. Default false; true for the defaults of `HedgeOptions`. */
  hedge?: boolean | HedgeOptions
  /**
   * What becomes of the other calls when one fails for good. `collect` (default): they go on. `failFast`: they are
   * cancelled. `{ tolerate }`: they go on until more have failed than this (below 1 a share of the calls, else a number),
   * and `getResult` gives `undefined` at the places of failures that were tolerated.
   */
  onFailure?: 'collect' | 'failFast' | { tolerate: number }
  /** Environment variables set while a call runs; numbers and booleans become strings. */
  extraEnv?: Record<string, string | number | boolean>
}

export interface ExecutorOptions extends CallSettings {
  /** Where calls run. Default `localhost`. */
  backend?: string | Backend
  /**
   * Where data lives: a name (`localhost`, `redis`), a URL (`redis://host:port`), the options of a `Storage`, or one that is
   * open. Default `localhost`: files under `home`.
   */
  storage?: string | StorageOptions | Storage
  /** Stands before the name of the first function in the titles of the runs. */
  name?: string
  /** Worker processes at a time. Default: the number of CPUs this process may use; on Lambda 1000. */
  workers?: number
  /** Batches (`chunksize` calls each) after which a worker process is replaced by a fresh one. Default: never, unless it grew. */
  recycleAfter?: number
  /**
   * `bwrap`: worker processes of this machine run in a sandbox of bubblewrap, which may read the machine's files but write
   * nothing except `home` and a `/tmp` of its own, and does not see folders of credentials (`~/.ssh`, `~/.aws` …). Throws
   * `E_CONFIG_ISOLATION` where that cannot be had. Default `none`.
   */
  isolation?: 'none' | 'bwrap'
  /** Folder for run logs and storage. Default: `MAYFLY_HOME`, else `.mayfly` in `MAYFLY_WORKSPACE` or the current folder. */
  home?: string
  /** Shows a progress line when stderr is a terminal. Default true; notebooks show a strip instead. */
  progress?: boolean
  /**
   * US dollars that all calls of this executor may cost together, at the backend's prices. What an attempt costs at worst
   * is set aside before it starts, so give a `timeout`; calls there is no money for fail as `budget`.
   */
  budget?: { usd: number }
  /** Needed by the backend `aws_lambda`: region, role, and how functions are made. */
  aws_lambda?: AwsLambdaOptions
  /** What the storage `aws_s3` is where it is only named; the backend `aws_lambda` then takes it unless another storage is set. */
  aws_s3?: Omit<AwsS3StorageOptions, 'backend'>
}

export interface JobOptions<X extends Extras = Extras, T = never> extends CallSettings<T>, PartitionOptions {
  /** Name of the job on the timeline. Default: the function's name. */
  name?: string
  /** Calls handed to a worker at a time. Default `'auto'`: one, and more only for calls of a few milliseconds. */
  chunksize?: number | 'auto'
  /** Arguments between the item and the context, the same for every call. */
  extraArgs?: X
  /** Cancels the job when aborted. */
  signal?: AbortSignal
  /**
   * Keeps results: a call with the same key, function, captured values and extra arguments as one that has been done
   * before, by whatever executor with this storage, gets its result from storage and does not run. A text is completed with
   * the position of the item.
   */
  idempotencyKey?: string | ((item: T) => string)
}

/** Per-call settings with every default filled in. */
export interface ResolvedSettings {
  runtimeMemory?: RuntimeMemory
  timeout?: number
  attempts: number
  on: readonly FailureKind[]
  /** The user has said what is tried again. */
  retrySet: boolean
  backoff: NonNullable<RetryOptions['backoff']>
  hedge?: Required<HedgeOptions>
  onFailure: NonNullable<CallSettings['onFailure']>
  extraEnv: Record<string, string>
}

/** Checks the options of an executor; throws `E_CONFIG_UNKNOWN_KEY` or `E_CONFIG_VALUE`. */
export function checkExecutorOptions(options: unknown): ExecutorOptions & { workers: number } {
  const checked = check(executorSchema, options, 'FunctionExecutor') as ExecutorOptions
  return { ...checked, workers: checked.workers ?? (checked.backend === 'aws_lambda' ? 1000 : availableParallelism()) }
}

/** Checks the options of `map` or `callAsync`; `method` is named in errors. */
export function checkJobOptions(options: unknown, method: string): JobOptions {
  return check(jobSchema, options, method) as JobOptions
}

/** Checks the options of `wait` and `getResult`. */
export function checkWaitOptions(options: unknown): void {
  check(waitSchema, options, 'wait')
}

/** The options of a map with a reducer, taken apart. */
export interface CheckedReduce {
  mapOptions: JobOptions
  reduceOptions: JobOptions
  fanIn: number | undefined
  spawnReducer: number
  /** What tells the groups of items with a reducer each. */
  groupBy: 'object' | ((item: unknown) => string) | undefined
}

/** Checks the options of `mapReduce`, and says which call gets which. */
export function checkReduceOptions(options: unknown): CheckedReduce {
  const checked = check(reduceSchema, options, 'mapReduce') as Record<string, never>
  const { extraArgsReduce, mapRuntimeMemory, reduceRuntimeMemory, spawnReducer = 20, fanIn, ...rest } = checked
  const { objReduceByKey, reduceBy, extraArgs, runtimeMemory, idempotencyKey, chunksize, name, ...shared } = rest
  const given = (values: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  return {
    mapOptions: {
      ...shared,
      ...given({ extraArgs, idempotencyKey, chunksize, name, runtimeMemory: mapRuntimeMemory ?? runtimeMemory }),
    },
    reduceOptions: {
      ...shared,
      ...given({ extraArgs: extraArgsReduce, runtimeMemory: reduceRuntimeMemory ?? ifNumber(runtimeMemory) }),
    },
    ...{ fanIn, spawnReducer },
    groupBy: reduceBy ?? (objReduceByKey ? 'object' : undefined),
  }
}

/** A function of the items means nothing to a reducer. */
function ifNumber(memory: unknown): unknown {
  return typeof memory === 'number' ? memory : undefined
}

/** Merges a job's settings over its executor's. */
export function resolveSettings(executor: CallSettings, job: CallSettings): ResolvedSettings {
  const own = job.retry !== undefined || job.retries !== undefined ? job : executor
  const short = own.retries === undefined ? undefined : { attempts: own.retries + 1, on: kinds.options }
  const runtimeMemory = job.runtimeMemory ?? executor.runtimeMemory
  const timeout = job.timeout ?? executor.timeout
  const hedging = job.hedge ?? executor.hedge
  const { after = 0.75, factor = 1.5, min = 1, max = 0.05 } = typeof hedging === 'object' ? hedging : {}
  return {
    ...(runtimeMemory === undefined ? {} : { runtimeMemory }),
    ...(timeout === undefined ? {} : { timeout }),
    attempts: own.retry?.attempts ?? short?.attempts ?? 3,
    on: own.retry?.on ?? short?.on ?? ['lost'],
    retrySet: own.retry?.on !== undefined || short !== undefined,
    backoff: own.retry?.backoff ?? 0,
    ...(hedging ? { hedge: { after, factor, min, max } } : {}),
    onFailure: job.onFailure ?? executor.onFailure ?? 'collect',
    extraEnv: asStrings({ ...executor.extraEnv, ...job.extraEnv }),
  }
}

/** MB as a user's function gave them. */
export function checkMemory(wanted: unknown): number {
  const memory = Math.round(Number(wanted))
  if (memory >= 32 && memory <= 1_048_576) return memory
  throw new MayflyError('E_CONFIG_VALUE', `runtimeMemory: the function gave ${String(wanted)}`, {
    hint: 'Return megabytes, from 32 to 1,048,576.',
    where: { key: 'runtimeMemory' },
  })
}

function asStrings(env: Record<string, string | number | boolean>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)]))
}

/** Options that are objects themselves, with their keys. */
const NESTED: Record<string, string[]> = {
  retry: Object.keys(retry.shape),
  hedge: Object.keys(hedge.shape),
  budget: ['usd'],
  aws_lambda: Object.keys(awsLambdaSchema.shape),
}

function isBackend(value: unknown): boolean {
  return typeof (value as Partial<Backend> | null)?.invoke === 'function'
}

function isSection(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is wrong inside is said where the storage is opened. */
function isStorage(value: unknown): boolean {
  return typeof value === 'string' ? value !== '' : typeof value === 'object' && value !== null
}

function check<T extends z.ZodObject>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value ?? {})
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  if (issue.code === 'unrecognized_keys') {
    const key = [...issue.path, issue.keys[0]!].join('.')
    const known = NESTED[String(issue.path[0])] ?? Object.keys(schema.shape)
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
