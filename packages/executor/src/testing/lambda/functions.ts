/** The functions deployed to the double: their settings in the API's own words, and their code unpacked in a folder. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LambdaError } from './errors.js'
import { unzip } from './unzip.js'

export interface Configuration {
  FunctionName: string
  FunctionArn: string
  Runtime: string
  Role: string
  Handler: string
  CodeSize: number
  CodeSha256: string
  Timeout: number
  MemorySize: number
  Architectures: string[]
  Environment: { Variables: Record<string, string> }
  State: 'Pending' | 'Active'
  LastUpdateStatus: 'Successful'
  PackageType: 'Zip'
  Version: '$LATEST'
}

export interface Deployed {
  configuration: Configuration
  tags: Record<string, string>
  folder: string
  reserved: number | undefined
}

export interface CreateRequest {
  FunctionName?: string
  Runtime?: string
  Role?: string
  Handler?: string
  Timeout?: number
  MemorySize?: number
  Architectures?: string[]
  Environment?: { Variables?: Record<string, string> }
  Code?: { ZipFile?: string }
  Tags?: Record<string, string>
}

/** Unpacked code may be this large, bytes. */
const UNPACKED = 262_144_000
/** After its creation a function is not ready at once, ms. */
const PENDING_MS = 50

/** Makes a function; refuses what Lambda refuses. */
export function createFunction(request: CreateRequest, root: string, region: string): Deployed {
  const { FunctionName: name = '', MemorySize = 128, Timeout = 3, Handler = '', Role = '' } = request
  const refuse = (what: string) => {
    throw new LambdaError(400, 'InvalidParameterValueException', what)
  }
  if (!/^[\w-]{1,64}$/.test(name)) refuse(`Value '${name}' at 'functionName' failed to satisfy constraint`)
  if (!Number.isInteger(MemorySize) || MemorySize < 128 || MemorySize > 10_240) refuse("'MemorySize' value failed")
  if (!Number.isInteger(Timeout) || Timeout < 1 || Timeout > 900) refuse("'Timeout' value failed")
  if (!/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/.test(Role)) refuse("'role' failed to satisfy constraint")
  if (!/^nodejs2[024]\.x$/.test(request.Runtime ?? '')) refuse(`The runtime ${request.Runtime} is not supported`)
  const archive = Buffer.from(request.Code?.ZipFile ?? '', 'base64')
  const folder = join(root, `${name}-${Date.now()}`)
  let unpacked = 0
  try {
    for (const [path, content] of unzip(archive)) {
      unpacked += content.length
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), content)
    }
  } catch (error) {
    refuse((error as Error).message)
  }
  if (unpacked > UNPACKED) refuse(`Unzipped size must be smaller than ${UNPACKED} bytes`)
  const configuration: Configuration = {
    ...{ FunctionName: name, FunctionArn: `arn:aws:lambda:${region}:000000000000:function:${name}`, Role, Handler },
    ...{ Runtime: request.Runtime!, Timeout, MemorySize, Architectures: request.Architectures ?? ['x86_64'] },
    ...{ CodeSize: archive.length, CodeSha256: createHash('sha256').update(archive).digest('base64') },
    Environment: { Variables: request.Environment?.Variables ?? {} },
    ...{ State: 'Pending', LastUpdateStatus: 'Successful', PackageType: 'Zip', Version: '$LATEST' },
  }
  setTimeout(() => {
    configuration.State = 'Active'
  }, PENDING_MS)
  return { configuration, tags: request.Tags ?? {}, folder, reserved: undefined }
}
