/** Functions in the account: one per content of the worker, memory size and architecture. */
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { MayflyError } from '../../errors.js'
import { HANDLER, workerBundle } from './bundle.js'
import type { AwsLambdaOptions } from './config.js'

/** Longest a function may run, seconds: the worker ends calls by itself, at their own timeouts. */
const TIMEOUT = 900
const READY_MS = 120_000
const TAG = 'mayfly'

/** Makes sure of the function and gives its name. A function that is there is used as it is: its name tells its content. */
export async function ensureFunction(client: LambdaClient, options: AwsLambdaOptions, memory: number): Promise<string> {
  const sdk = await import('@aws-sdk/client-lambda')
  const { archive, hash } = await workerBundle()
  const { functionPrefix = 'mayfly', architecture = 'x86_64', runtime = 'nodejs22.x', role, environment } = options
  const name = `${functionPrefix}-${hash}-${architecture === 'arm64' ? 'arm' : 'x86'}-${memory}`
  try {
    await client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName: name }))
  } catch (error) {
    if (nameOf(error) !== 'ResourceNotFoundException') throw refused(error)
    const create = new sdk.CreateFunctionCommand({
      ...{ FunctionName: name, Runtime: runtime, Role: role, Handler: HANDLER, Code: { ZipFile: archive } },
      ...{ MemorySize: memory, Timeout: TIMEOUT, Architectures: [architecture], Tags: { [TAG]: functionPrefix } },
      ...(environment ? { Environment: { Variables: environment } } : {}),
      Description: 'Worker of Mayfly; made when it is needed, safe to delete.',
    })
    // Another executor may be just as far.
    await client.send(create).catch((conflict: unknown) => {
      if (nameOf(conflict) !== 'ResourceConflictException') throw refused(conflict)
    })
  }
  const limits = { client, maxWaitTime: READY_MS / 1000, minDelay: 0.05, maxDelay: 2 }
  await sdk.waitUntilFunctionActiveV2(limits, { FunctionName: name }).catch((error: unknown) => {
    throw refused(error)
  })
  return name
}

/** Deletes the functions that were deployed under the prefix, of whatever content. Gives their names. */
export async function deleteFunctions(client: LambdaClient, functionPrefix = 'mayfly'): Promise<string[]> {
  const sdk = await import('@aws-sdk/client-lambda')
  const own = new RegExp(`^${functionPrefix}-[0-9a-f]{12}-(arm|x86)-\\d+$`)
  const names: string[] = []
  for await (const page of sdk.paginateListFunctions({ client }, {})) {
    for (const { FunctionName: name } of page.Functions ?? []) if (name && own.test(name)) names.push(name)
  }
  for (const FunctionName of names) {
    await client.send(new sdk.DeleteFunctionCommand({ FunctionName })).catch((error: unknown) => {
      if (nameOf(error) !== 'ResourceNotFoundException') throw refused(error)
    })
  }
  return names
}

export function nameOf(error: unknown): string | undefined {
  return (error as { name?: string } | undefined)?.name
}

function refused(error: unknown): MayflyError {
  return new MayflyError('E_LAMBDA', `AWS Lambda refused: ${nameOf(error)}: ${(error as Error).message}`, {
    hint: 'Look at the region, the role and the rights of the credentials in use.',
    cause: error,
  })
}
