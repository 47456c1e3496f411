/** What a backend's test file gives to the contract suite: executors in a home folder of their own, and what they logged. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type * as executor from '../executor.js'
import type { ExecutorOptions } from '../options.js'
import { loggedRuns } from '../testing/logged-runs.js'
import type { ContractParts } from './contract.js'
import type * as faulty from './faulty.js'
import type * as registry from './registry.js'

/** A module of the built package by its path there: what starts processes, or bundles the worker, is taken from it. */
export const built = async <T>(path: string) =>
  (await import(new URL(path, import.meta.resolve('@mayfly/executor')).href)) as T

const { FunctionExecutor } = await built<typeof executor>('executor.js')
const { FaultyBackend } = await built<typeof faulty>('backends/faulty.js')
const { makeBackend } = await built<typeof registry>('backends/registry.js')

/** `defaults` are options of every executor, asked for when it is made: servers are started when the tests begin. */
export function contractParts(defaults: () => ExecutorOptions = () => ({})): Pick<ContractParts, 'make' | 'events'> {
  const home = mkdtempSync(join(tmpdir(), 'mayfly-contract-'))
  afterAll(() => rmSync(home, { recursive: true, force: true }))
  return {
    make: (options, faults) => {
      const given = { home, ...defaults(), ...options }
      if (!faults) return new FunctionExecutor(given)
      const { backend = 'localhost', workers = 2, aws_lambda } = given
      const inner = makeBackend(String(backend), { workers, cwd: process.cwd(), aws_lambda })
      return new FunctionExecutor({ ...given, backend: new FaultyBackend(inner, faults) })
    },
    events: () => loggedRuns(home),
  }
}
