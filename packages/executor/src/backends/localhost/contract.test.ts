import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExecutorOptions, FunctionExecutor, type LoggedEvent } from '@mayfly/executor'
import { afterAll } from 'vitest'
import { backendContract } from '../contract.js'
import type * as faulty from '../faulty.js'
import type * as registry from '../registry.js'

// What starts processes is taken from the built package.
const built = (file: string) =>
  import(new URL(file, new URL('backends/', import.meta.resolve('@mayfly/executor'))).href)
const { FaultyBackend } = (await built('faulty.js')) as typeof faulty
const { makeBackend } = (await built('registry.js')) as typeof registry

const home = mkdtempSync(join(tmpdir(), 'mayfly-contract-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

backendContract('localhost', {
  make: (options = {}, faults) => {
    const given = { home, ...options } as ExecutorOptions
    if (!faults) return new FunctionExecutor(given) as never
    const inner = makeBackend('localhost', { workers: given.workers ?? 2, cwd: process.cwd() })
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
