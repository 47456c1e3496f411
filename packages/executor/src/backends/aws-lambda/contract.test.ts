import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExecutorOptions, FunctionExecutor, type LoggedEvent } from '@mayfly/executor'
import { type LambdaDouble, startLambda } from '@mayfly/executor/testing'
import { afterAll, beforeAll } from 'vitest'
import { backendContract } from '../contract.js'
import type * as faulty from '../faulty.js'
import type * as registry from '../registry.js'

const built = (file: string) =>
  import(new URL(file, new URL('backends/', import.meta.resolve('@mayfly/executor'))).href)
const { FaultyBackend } = (await built('faulty.js')) as typeof faulty
const { makeBackend } = (await built('registry.js')) as typeof registry

const home = mkdtempSync(join(tmpdir(), 'mayfly-lambda-contract-'))
let lambda: LambdaDouble
beforeAll(async () => {
  lambda = await startLambda()
  process.env.AWS_ACCESS_KEY_ID = lambda.credentials.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = lambda.credentials.secretAccessKey
})
afterAll(async () => {
  await lambda.close()
  rmSync(home, { recursive: true, force: true })
})

backendContract('aws_lambda', {
  cloud: true,
  make: (options = {}, faults) => {
    const { region, endpoint } = lambda
    const aws_lambda = {
      invocation: (process.env.INVOCATION ?? 'stream') as never,
      region,
      endpoint,
      role: 'arn:aws:iam::000000000000:role/mayfly',
    }
    const given = { home, workers: 2, backend: 'aws_lambda', aws_lambda, ...options } as ExecutorOptions
    if (!faults) return new FunctionExecutor(given) as never
    const inner = makeBackend('aws_lambda', { workers: given.workers!, cwd: process.cwd(), aws_lambda })
    return new FunctionExecutor({ ...given, backend: new FaultyBackend(inner, faults) }) as never
  },
  events: () => {
    const runs = join(home, 'runs')
    const logs = readdirSync(runs).filter((file) => file.endsWith('.ndjson'))
    return logs.sort().map((file) => {
      const lines = readFileSync(join(runs, file), 'utf8').split('\n').slice(0, -1)
      return lines.map((line) => JSON.parse(line) as LoggedEvent)
    })
  },
})
