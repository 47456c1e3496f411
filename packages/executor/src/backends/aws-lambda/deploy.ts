/**
 * Functions in the account: one per content of the worker, size and whatever else makes a function what it is. All of that is in
 * its name, so a function that is there is the right one; two who make it at once make the same.
 */
import { createHash } from 'node:crypto'
import type { FunctionConfiguration, LambdaClient } from '@aws-sdk/client-lambda'
import { MayflyError } from '../../errors.js'
import { HANDLER, workerBundle } from './bundle.js'
import { patiently } from './client.js'
import { type AwsLambdaOptions, LONGEST } from './config.js'
import { nameOf, refused } from './errors.js'

const READY_MS = 120_000
const FIRST_LOOK_MS = 50
const LAST_LOOK_MS = 2_000
const TAG = 'mayfly'
/** On each function: the worker it runs. */
export const WORKER = 'MAYFLY_WORKER'

/** A function that is ready. */
export interface ReadyFunction {
  name: string
  /** MB. */
  memory: number
  architecture: 'x86_64' | 'arm64'
  /** Longest it may run, seconds. */
  timeout: number
}

type Sdk = typeof import('@aws-sdk/client-lambda')

/** Makes sure of the function of this size. */
export async function ensureFunction(
  client: LambdaClient,
  options: AwsLambdaOptions,
  memory: number,
): Promise<ReadyFunction> {
  const sdk = await import('@aws-sdk/client-lambda')
  const ahead = options.functions?.[memory]
  if (ahead !== undefined) return checked(await settled(client, sdk, ahead), ahead, memory)
  const { archive, hash } = await workerBundle()
  const wanted = request(options, memory, hash)
  const name = wanted.FunctionName
  try {
    await describe(client, sdk, name)
  } catch (error) {
    if (nameOf(error) !== 'ResourceNotFoundException') throw refused(error, 'lambda:GetFunctionConfiguration', name)
    const create = new sdk.CreateFunctionCommand({ ...wanted, Code: { ZipFile: archive } })
    await patiently(() => client.send(create)).catch((conflict: unknown) => {
      // Another executor was faster.
      if (nameOf(conflict) !== 'ResourceConflictException') throw refused(conflict, 'lambda:CreateFunction', name)
    })
  }
  const found = await settled(client, sdk, name)
  if (options.invocation !== 'stream') await setEvents(client, sdk, name, options)
  return ready(found, name)
}

/** Everything that makes the function but its code, which stands in its name and environment as a hash. */
function request(options: AwsLambdaOptions, memory: number, worker: string) {
  const { functionPrefix = 'mayfly', architecture = 'x86_64', runtime = 'nodejs22.x', role, environment } = options
  const { logGroup, deadLetter, functionTimeout = LONGEST } = options
  const variables = Object.fromEntries(Object.entries({ ...environment, [WORKER]: worker }).sort())
  const content = {
    ...{ Runtime: runtime, Role: role!, Handler: HANDLER, MemorySize: memory, Timeout: functionTimeout },
    ...{ Architectures: [architecture], Environment: { Variables: variables } },
    ...(logGroup ? { LoggingConfig: { LogGroup: logGroup } } : {}),
  }
  const all = JSON.stringify([content, deadLetter ?? null, eventSettings(options)])
  const hash = createHash('sha256').update(all).digest('hex').slice(0, 12)
  return {
    ...content,
    FunctionName: `${functionPrefix}-${hash}-${architecture === 'arm64' ? 'arm' : 'x86'}-${memory}`,
    Tags: { [TAG]: functionPrefix },
    Description: 'Worker of Mayfly; made when it is needed, safe to delete.',
  }
}

export const MAX_EVENT_AGE = 300

function eventSettings({ asyncRetries = 0, maxEventAge = MAX_EVENT_AGE, deadLetter }: AwsLambdaOptions) {
  return {
    ...{ MaximumRetryAttempts: asyncRetries, MaximumEventAgeInSeconds: maxEventAge },
    ...(deadLetter ? { DestinationConfig: { OnFailure: { Destination: deadLetter } } } : {}),
  }
}

/** What becomes of asynchronous invocations that fail or wait too long. Whoever made the function may have stopped before this. */
async function setEvents(client: LambdaClient, sdk: Sdk, name: string, options: AwsLambdaOptions): Promise<void> {
  const FunctionName = name
  try {
    await patiently(() => client.send(new sdk.GetFunctionEventInvokeConfigCommand({ FunctionName })))
  } catch (error) {
    if (nameOf(error) !== 'ResourceNotFoundException') throw refused(error, 'lambda:GetFunctionEventInvokeConfig', name)
    const put = new sdk.PutFunctionEventInvokeConfigCommand({ FunctionName, ...eventSettings(options) })
    await patiently(() => client.send(put)).catch((conflict: unknown) => {
      if (nameOf(conflict) !== 'ResourceConflictException') {
        throw refused(conflict, 'lambda:PutFunctionEventInvokeConfig', name)
      }
    })
  }
}

function describe(client: LambdaClient, sdk: Sdk, FunctionName: string): Promise<FunctionConfiguration> {
  return patiently(() => client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName })))
}

/** The function once it is made. */
async function settled(client: LambdaClient, sdk: Sdk, name: string): Promise<FunctionConfiguration> {
  const until = performance.now() + READY_MS
  for (let wait = FIRST_LOOK_MS; ; wait = Math.min(LAST_LOOK_MS, wait * 2)) {
    const found = await describe(client, sdk, name).catch((error: unknown) => {
      throw refused(error, 'lambda:GetFunctionConfiguration', name)
    })
    const { State: state = 'Active', StateReason: reason } = found
    // One that nobody has called for long is awake again with the first call.
    if (state === 'Active' || state === 'Inactive') return found
    if (state === 'Failed' || performance.now() > until) {
      throw new MayflyError(
        'E_LAMBDA_FUNCTION',
        `The function ${name} is ${state.toLowerCase()}: ${reason ?? 'no reason given'}`,
        {
          hint: 'Delete it (npx mayfly runtime delete), mend what the reason names, and try again.',
          where: { function: name },
        },
      )
    }
    await new Promise((resolve) => setTimeout(resolve, wait))
  }
}

/** A function that somebody else deployed must run the same worker as we do, in the size it is taken for. */
async function checked(found: FunctionConfiguration, name: string, memory: number): Promise<ReadyFunction> {
  const { hash } = await workerBundle()
  const worker = found.Environment?.Variables?.[WORKER]
  if (worker === hash && found.MemorySize === memory) return ready(found, name)
  const why =
    worker === hash
      ? `has ${found.MemorySize} MB, and is configured as one of ${memory} MB`
      : `runs ${worker ? `the worker ${worker}` : 'no worker of Mayfly'}, and this installation needs ${hash}`
  throw new MayflyError('E_LAMBDA_STALE', `The function ${name} ${why}`, {
    hint: 'Deploy the functions again with this version of Mayfly: npm run deploy:aws.',
    where: { function: name, expected: hash, found: worker ?? '' },
  })
}

function ready({ MemorySize, Architectures, Timeout }: FunctionConfiguration, name: string): ReadyFunction {
  const architecture = Architectures?.[0] === 'arm64' ? 'arm64' : 'x86_64'
  return { name, memory: MemorySize!, architecture, timeout: Timeout! }
}

/** Deletes the functions that were deployed under the prefix, of whatever content. Gives their names. */
export async function deleteFunctions(client: LambdaClient, functionPrefix = 'mayfly'): Promise<string[]> {
  const sdk = await import('@aws-sdk/client-lambda')
  const own = new RegExp(`^${functionPrefix}-[0-9a-f]{12}-(arm|x86)-\\d+$`)
  const names: string[] = []
  try {
    for await (const page of sdk.paginateListFunctions({ client }, {})) {
      for (const { FunctionName: name } of page.Functions ?? []) if (name && own.test(name)) names.push(name)
    }
  } catch (error) {
    throw refused(error, 'lambda:ListFunctions')
  }
  for (const name of names) await deleteFunction(client, name)
  return names
}

/** Deletes a function; one that is not there is no error. */
export async function deleteFunction(client: LambdaClient, name: string): Promise<void> {
  const { DeleteFunctionCommand } = await import('@aws-sdk/client-lambda')
  await patiently(() => client.send(new DeleteFunctionCommand({ FunctionName: name }))).catch((error: unknown) => {
    if (nameOf(error) !== 'ResourceNotFoundException') throw refused(error, 'lambda:DeleteFunction', name)
  })
}
