import { expect, it } from 'vitest'
import type { LoggedEvent, RunEvent, RunHeader } from './events.js'
import { foldHeader } from './header.js'

const created: RunEvent = {
  ...{ type: 'run.created', at: 5, runId: 'r', name: 'pi', backend: 'localhost', storage: 'localhost', cellId: 'c1' },
  ...{ host: { pid: 1, cpus: 2, memory: 3, node: '20.0.0', platform: 'linux x64' }, settings: {} },
}
const error = { name: 'Error', code: 'E_USER', message: 'm' }
const metrics = { cpuMs: 1, peakRss: 2, rx: 0, tx: 0 }

function fold(...events: RunEvent[]): RunHeader | undefined {
  let header: RunHeader | undefined
  for (const [i, event] of events.entries()) header = foldHeader(header, { seq: i + 1, ...event } as LoggedEvent)
  return header
}

it('counts jobs, calls and ends, and takes costs from the end of the run', () => {
  const header = fold(
    created,
    { type: 'job.created', at: 6, job: 'M000', name: 'f', first: 0, total: 2 },
    { type: 'job.created', at: 6, job: 'A001', name: 'g', first: 2, total: 1 },
    { type: 'submitted', at: 6, call: 0, attempt: 1 },
    { type: 'failed', at: 7, call: 0, attempt: 1, ended: 7, kind: 'lost', error, final: false },
    { type: 'done', at: 8, call: 0, attempt: 2, ended: 8, metrics },
    { type: 'failed', at: 9, call: 1, attempt: 1, ended: 9, kind: 'error', error, final: true },
    { type: 'run.finished', at: 10, status: 'failed', cost: 0, lambdaCost: 0.5 },
  )
  expect(header).toEqual({
    ...{ runId: 'r', name: 'pi', status: 'failed', backend: 'localhost', cellId: 'c1', createdAt: 5, finishedAt: 10 },
    ...{ jobs: 2, calls: 3, done: 1, failed: 1, cost: 0, lambdaCost: 0.5, seq: 8 },
  })
})

it('is running until the log says otherwise, and nothing without its first line', () => {
  expect(fold(created)).toMatchObject({ status: 'running', calls: 0, seq: 1 })
  expect(fold({ type: 'submitted', at: 6, call: 0, attempt: 1 })).toBeUndefined()
})
