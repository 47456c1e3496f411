import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExecutorOptions, FunctionExecutor, type LoggedEvent } from '@mayfly/executor'
import { afterAll, beforeAll } from 'vitest'
import { backendContract, type ContractParts } from '../contract.js'
import type * as faulty from '../faulty.js'
import type * as registry from '../registry.js'
import { type Doubles, startDoubles } from './doubles.js'

const built = (file: string) =>
  import(new URL(file, new URL('backends/', import.meta.resolve('@mayfly/executor'))).href)
const { FaultyBackend } = (await built('faulty.js')) as typeof faulty
const { makeBackend } = (await built('registry.js')) as typeof registry

const home = mkdtempSync(join(tmpdir(), 'mayfly-lambda-contract-'))
let doubles: Doubles
beforeAll(async () => {
  doubles = await startDoubles()
})
afterAll(async () => {
  await doubles.close()
  rmSync(home, { recursive: true, force: true })
})

const parts = (invocation: 'stream' | 'event'): ContractParts => ({
  ...{ cloud: true, remoteStorage: true },
  make: (options = {}, faults) => {
    const aws_lambda = { ...doubles.options.aws_lambda!, invocation }
    const { storage } = doubles.options
    const given = { home, workers: 2, backend: 'aws_lambda', storage, ...options, aws_lambda } as ExecutorOptions
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

backendContract('aws_lambda', parts('stream'))

/** What comes by way of the storage, and what is different about it. */
const BY_STORAGE =
  /input order, whatever|100 MB|prints, in order|keeps class|killed call|with limit and peak|at its timeout|stops busy|not even begun|waits refusals|delivered twice|without gaps/
backendContract('aws_lambda by events', { ...parts('event'), only: BY_STORAGE })
