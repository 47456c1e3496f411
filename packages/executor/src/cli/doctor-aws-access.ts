/** What `doctor aws` asks of an account, through the clients and the backend that every executor uses. Loaded when it is wanted. */
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { makeClient, patiently } from '../backends/aws-lambda/client.js'
import type { AwsLambdaOptions } from '../backends/aws-lambda/config.js'
import { ensureFunction } from '../backends/aws-lambda/deploy.js'
import { classesOf, functionMemory } from '../backends/aws-lambda/sizes.js'
import { FunctionExecutor } from '../executor.js'
import type { ExecutorOptions } from '../options.js'
import type { AwsS3Config } from '../storage/aws-s3/options.js'
import { Storage } from '../storage/storage.js'

/** The part of the options that is about AWS, complete. */
export interface Settings {
  lambda: AwsLambdaOptions
  storage: AwsS3Config
  options: ExecutorOptions
}

export interface Identity {
  /** In words, for example `environment variables`. */
  source: string
  expires?: Date
  /** Number of the account, where it is known. */
  account?: string
}

/** One call as it was seen from here; times in ms, `sent`, `at` (over there) and `received` since 1970. */
export interface TestCall {
  ms: number
  cold: boolean
  sent: number
  at: number
  received: number
}

export interface AwsAccess {
  readonly settings: Settings
  readonly storage: Storage
  /** Where the credentials come from. Throws when there are none. */
  credentials(): Promise<Identity>
  /** Calls at once that the account has; asked once. */
  account(): Promise<{ concurrency: number; unreserved: number }>
  /** Makes sure of the function that calls would run on. */
  function(): Promise<{ name: string; made: boolean; memory: number; runtime: string }>
  /** Two calls, one after the other: code and data come from the storage, the results go there. */
  call(): Promise<TestCall[]>
  close(): Promise<void>
}

/** Longest that two test calls may take, cold start and refusals for want of room included, seconds. */
const PATIENCE = 90
/** More than travels in the answer: the result must go through the storage. */
const FILLER = 100_000

/** @param patience seconds for the test calls */
export function awsAccess(settings: Settings, patience = PATIENCE): AwsAccess {
  const { lambda, options } = settings
  const storage = new Storage(settings.storage)
  const stop = new AbortController()
  let calls: Promise<TestCall[]> | undefined
  let made = false
  let connected: Promise<LambdaClient> | undefined
  let account: ReturnType<AwsAccess['account']> | undefined

  const connect = () => {
    connected ??= makeClient(lambda, 1).then((client) => {
      client.middlewareStack.add(
        (next, context) => (args) => {
          if (context.commandName === 'CreateFunctionCommand') made = true
          return next(args)
        },
        { step: 'initialize', name: 'mayflyDoctor' },
      )
      return client
    })
    return connected
  }

  return {
    ...{ settings, storage },

    async credentials() {
      const client = await connect()
      const { $source = {}, expiration, accountId } = (await client.config.credentials()) as Found
      return {
        source: sourceName(Object.keys($source), lambda.profile),
        ...(expiration ? { expires: expiration } : {}),
        ...(accountId ? { account: accountId } : {}),
      }
    },

    account() {
      account ??= (async () => {
        const { GetAccountSettingsCommand } = await import('@aws-sdk/client-lambda')
        const client = await connect()
        const { AccountLimit = {} } = await patiently(() => client.send(new GetAccountSettingsCommand({})))
        const { ConcurrentExecutions = 0, UnreservedConcurrentExecutions = 0 } = AccountLimit
        return { concurrency: ConcurrentExecutions, unreserved: UnreservedConcurrentExecutions }
      })()
      return account
    },

    async function() {
      const client = await connect()
      const { GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda')
      const wanted = typeof options.runtimeMemory === 'number' ? options.runtimeMemory : undefined
      const { name } = await ensureFunction(client, lambda, functionMemory(wanted, classesOf(lambda)))
      const look = new GetFunctionConfigurationCommand({ FunctionName: name })
      const { MemorySize = 0, Runtime = '' } = await patiently(() => client.send(look))
      return { name, made, memory: MemorySize, runtime: Runtime }
    },

    call() {
      calls ??= testCalls(settings, patience, stop.signal)
      return calls
    },

    async close() {
      stop.abort()
      await calls?.catch(() => undefined)
      await storage.close()
      await connected?.then((client) => client.destroy()).catch(() => undefined)
    },
  }
}

async function testCalls(settings: Settings, patience: number, signal: AbortSignal): Promise<TestCall[]> {
  const { budget: _, ...rest } = settings.options
  const until = performance.now() + patience * 1000
  await using executor = new FunctionExecutor({
    ...{ ...rest, backend: 'aws_lambda', storage: settings.storage, name: 'doctor', progress: false },
    ...{ timeout: patience, retry: { attempts: 1 }, hedge: false, workers: 1 },
  })
  const size = FILLER
  const look = () => ({ at: Date.now(), filler: 'x'.repeat(size) })
  const calls: TestCall[] = []
  for (let i = 0; i < 2; i++) {
    const [began, sent] = [performance.now(), Date.now()]
    const future = executor.callAsync(look, undefined, { signal })
    const { at } = await executor.getResult(future, { timeout: Math.max(0, until - began) / 1000 })
    calls.push({ ms: performance.now() - began, cold: future.stats.cold ?? false, sent, at, received: Date.now() })
  }
  await executor.clean({ functions: false })
  return calls
}

interface Found {
  $source?: Record<string, string>
  expiration?: Date
  accountId?: string
}

/** The SDK's names of sources, the most telling first: a profile may lead to another source. */
const SOURCES: [RegExp, (profile: string) => string][] = [
  [/ENV_VARS$/, () => 'environment variables'],
  [/SSO/, (profile) => `single sign-on of ${profile}`],
  [/LOGIN/, (profile) => `aws login of ${profile}`],
  [/PROCESS/, (profile) => `the credential process of ${profile}`],
  [/ASSUME_ROLE_WEB_ID|WEB_ID_TOKEN/, () => 'a web identity token'],
  [/ASSUME_ROLE/, (profile) => `a role taken on by ${profile}`],
  [/HTTP/, () => "the container's role"],
  [/IMDS/, () => "the machine's role"],
  [/PROFILE/, (profile) => profile],
]

/** In words where credentials come from, by what the SDK notes of them. `profile` is the one that was asked for. */
export function sourceName(features: readonly string[], profile = process.env.AWS_PROFILE || 'default'): string {
  const known = SOURCES.find(([pattern]) => features.some((feature) => pattern.test(feature)))
  return known ? known[1](`the profile ${profile}`) : 'found by the SDK'
}
