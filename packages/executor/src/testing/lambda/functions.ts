/** The functions deployed to the double: their settings in the API's own words, and their code unpacked in a folder. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { invalid } from './errors.js'
import type { LambdaRules } from './rules.js'
import { unzip } from './unzip.js'

export interface Configuration {
  FunctionName: string
  FunctionArn: string
  Runtime: string
  Role: string
  Handler: string
  Description: string
  CodeSize: number
  CodeSha256: string
  Timeout: number
  MemorySize: number
  EphemeralStorage: { Size: number }
  Architectures: string[]
  Environment: { Variables: Record<string, string> }
  LoggingConfig: { LogFormat: string; LogGroup: string }
  DeadLetterConfig?: { TargetArn: string }
  LastModified: string
  RevisionId: string
  State: 'Pending' | 'Active'
  LastUpdateStatus: 'Successful'
  PackageType: 'Zip'
  Version: '$LATEST'
}

/** Of asynchronous calls, in the API's own words. */
export interface AsyncConfig {
  MaximumRetryAttempts?: number
  MaximumEventAgeInSeconds?: number
  DestinationConfig?: { OnFailure?: { Destination?: string } }
}

export interface Deployed {
  configuration: Configuration
  tags: Record<string, string>
  folder: string
  reserved: number | undefined
  async: AsyncConfig
}

/** What may be said of a function when it is made or changed. */
export interface Settings {
  Runtime?: string
  Role?: string
  Handler?: string
  Description?: string
  Timeout?: number
  MemorySize?: number
  EphemeralStorage?: { Size: number }
  Environment?: { Variables?: Record<string, string> }
  LoggingConfig?: { LogFormat?: string; LogGroup?: string }
  DeadLetterConfig?: { TargetArn?: string }
}

export interface CreateRequest extends Settings {
  FunctionName?: string
  Architectures?: string[]
  Code?: { ZipFile?: string }
  Tags?: Record<string, string>
}

/** Names of variables that Lambda keeps for itself. */
const RESERVED =
  /^(_HANDLER|_X_AMZN_TRACE_ID|AWS_REGION|AWS_DEFAULT_REGION|AWS_EXECUTION_ENV|AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_LAMBDA_(FUNCTION_(NAME|MEMORY_SIZE|VERSION)|INITIALIZATION_TYPE|LOG_GROUP_NAME|LOG_STREAM_NAME|RUNTIME_API)|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR)$/

/** Makes a function; refuses what Lambda refuses. */
export function createFunction(request: CreateRequest, root: string, region: string, rules: LambdaRules): Deployed {
  const { FunctionName: name = '', Architectures = ['x86_64'], Tags = {} } = request
  if (!/^[\w-]{1,64}$/.test(name)) throw invalid(`Value '${name}' at 'functionName' failed to satisfy constraint`)
  if (Architectures.length !== 1 || !/^(x86_64|arm64)$/.test(Architectures[0]!)) throw invalid("'architectures' failed")
  if (!request.Runtime || !request.Handler || !request.Role) throw invalid('Runtime, Handler and Role are required')
  checkSettings(request, rules)
  const code = unpack(Buffer.from(request.Code?.ZipFile ?? '', 'base64'), join(root, `${name}-${randomUUID()}`), rules)
  const configuration: Configuration = {
    ...{ FunctionName: name, FunctionArn: `arn:aws:lambda:${region}:000000000000:function:${name}`, Architectures },
    ...{
      Runtime: request.Runtime,
      Role: request.Role,
      Handler: request.Handler,
      Description: request.Description ?? '',
    },
    ...{ Timeout: request.Timeout ?? 3, MemorySize: request.MemorySize ?? 128, ...code.settings },
    ...{ EphemeralStorage: request.EphemeralStorage ?? { Size: 512 }, ...stamped() },
    Environment: { Variables: request.Environment?.Variables ?? {} },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${name}`, ...request.LoggingConfig },
    ...(request.DeadLetterConfig?.TargetArn
      ? { DeadLetterConfig: { TargetArn: request.DeadLetterConfig.TargetArn } }
      : {}),
    ...{ State: 'Pending', LastUpdateStatus: 'Successful', PackageType: 'Zip', Version: '$LATEST' },
  }
  setTimeout(() => {
    configuration.State = 'Active'
  }, rules.pendingMs).unref()
  return { configuration, tags: Tags, folder: code.folder, reserved: undefined, async: {} }
}

export function updateConfiguration({ configuration }: Deployed, request: Settings, rules: LambdaRules): void {
  checkSettings(request, rules)
  const { Environment, LoggingConfig, DeadLetterConfig, ...plain } = request
  const { Runtime, Role, Handler, Description, Timeout, MemorySize, EphemeralStorage } = plain
  const named = { Runtime, Role, Handler, Description, Timeout, MemorySize, EphemeralStorage }
  Object.assign(configuration, JSON.parse(JSON.stringify(named)), stamped())
  if (Environment) configuration.Environment = { Variables: Environment.Variables ?? {} }
  if (LoggingConfig) configuration.LoggingConfig = { ...configuration.LoggingConfig, ...LoggingConfig }
  if (DeadLetterConfig?.TargetArn) configuration.DeadLetterConfig = { TargetArn: DeadLetterConfig.TargetArn }
}

export function updateCode(deployed: Deployed, zipFile: string, root: string, rules: LambdaRules): void {
  const { FunctionName } = deployed.configuration
  const code = unpack(Buffer.from(zipFile, 'base64'), join(root, `${FunctionName}-${randomUUID()}`), rules)
  Object.assign(deployed.configuration, code.settings, stamped())
  deployed.folder = code.folder
}

export function checkAsync({ MaximumRetryAttempts: tries = 0, MaximumEventAgeInSeconds: age = 60 }: AsyncConfig): void {
  if (!whole(tries, 0, 2)) throw invalid("'maximumRetryAttempts' must be between 0 and 2")
  if (!whole(age, 60, 21_600)) throw invalid("'maximumEventAgeInSeconds' must be between 60 and 21600")
}

function stamped() {
  return { LastModified: new Date().toISOString().replace('Z', '+0000'), RevisionId: randomUUID() }
}

function unpack(archive: Buffer, folder: string, { zipBytes, unpackedBytes }: LambdaRules) {
  if (archive.length > zipBytes) throw invalid(`Zipped size must be smaller than ${zipBytes} bytes`)
  let unpacked = 0
  const files = (() => {
    try {
      return unzip(archive)
    } catch (error) {
      throw invalid((error as Error).message)
    }
  })()
  for (const content of files.values()) unpacked += content.length
  if (unpacked > unpackedBytes) throw invalid(`Unzipped size must be smaller than ${unpackedBytes} bytes`)
  mkdirSync(folder, { recursive: true })
  for (const [path, content] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const CodeSha256 = createHash('sha256').update(archive).digest('base64')
  return { folder, settings: { CodeSize: archive.length, CodeSha256 } }
}

function checkSettings(request: Settings, rules: LambdaRules): void {
  const { MemorySize = 128, Timeout = 3, EphemeralStorage, Role, Runtime, Environment } = request
  if (!whole(MemorySize, 128, 10_240)) throw invalid("'MemorySize' value failed to satisfy constraint: 128 to 10240")
  if (!whole(Timeout, 1, rules.timeout))
    throw invalid(`'Timeout' value failed to satisfy constraint: 1 to ${rules.timeout}`)
  if (EphemeralStorage && !whole(EphemeralStorage.Size, 512, 10_240)) {
    throw invalid("'ephemeralStorage.size' failed to satisfy constraint: 512 to 10240")
  }
  if (Role !== undefined && !/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(Role)) {
    throw invalid("'role' failed to satisfy constraint")
  }
  if (Runtime !== undefined && !/^nodejs2[024]\.x$/.test(Runtime)) {
    throw invalid(`The runtime parameter of ${Runtime} is not supported`)
  }
  checkEnvironment(Environment?.Variables ?? {}, rules.environmentBytes)
}

function checkEnvironment(variables: Record<string, string>, most: number): void {
  const names = Object.keys(variables)
  const wrong = names.find((name) => !/^[a-zA-Z]\w+$/.test(name))
  if (wrong !== undefined)
    throw invalid(`The name '${wrong}' of a variable failed to satisfy constraint [a-zA-Z]([a-zA-Z0-9_])+`)
  const reserved = names.filter((name) => RESERVED.test(name))
  if (reserved.length > 0) {
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    )
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > most) {
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the ${most / 1024}KB limit.`,
    )
  }
}

function whole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}
