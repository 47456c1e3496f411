/** What the commands show, from handmade events. */
import { describe, expect, it } from 'vitest'
import type { LoggedEvent, RunEvent } from '../events.js'
import { billByJob } from './cost.js'
import { nodeVersion } from './doctor-local.js'
import { failureGroups, jobRows } from './job.js'
import { LogPrinter } from './logs.js'
import { workersAmong } from './worker-list.js'

const METRICS = { cpuMs: 1, peakRss: 1, rx: 0, tx: 0 }
const host = { pid: 1, cpus: 2, memory: 1, node: '', platform: '' }
const error = { name: 'Error', code: 'E_USER', message: 'bad luck' }

function logged(events: RunEvent[]): LoggedEvent[] {
  return events.map((event, i) => ({ seq: i + 1, ...event }))
}

const EVENTS = logged([
  {
    type: 'run.created',
    at: 0,
    runId: 'r',
    name: 'n',
    backend: 'localhost',
    storage: 'localhost',
    host,
    settings: { runtimeMemory: 1024 },
  },
  { type: 'job.created', at: 0, job: 'M000', name: 'f', first: 0, total: 2 },
  { type: 'job.created', at: 0, job: 'A001', name: 'g', first: 2, total: 1 },
  { type: 'fetched', at: 10, loaded: 10, bytes: 0, call: 0, attempt: 1 },
  { type: 'started', at: 10, call: 0, attempt: 1 },
  { type: 'log', at: 11, stream: 'stdout', text: 'one\ntw', call: 0, attempt: 1 },
  { type: 'log', at: 12, stream: 'stderr', text: 'oh\n', call: 0, attempt: 1 },
  { type: 'log', at: 13, stream: 'stdout', text: 'o', call: 0, attempt: 1 },
  { type: 'stored', at: 1010, ended: 1010, bytes: 1, call: 0, attempt: 1 },
  { type: 'done', at: 1010, ended: 1010, metrics: METRICS, call: 0, attempt: 1 },
  { type: 'fetched', at: 10, loaded: 10, bytes: 0, call: 1, attempt: 1 },
  { type: 'started', at: 10, call: 1, attempt: 1 },
  { type: 'failed', at: 510, ended: 510, kind: 'lost', error, final: false, call: 1, attempt: 1 },
  { type: 'fetched', at: 510, loaded: 510, bytes: 0, call: 1, attempt: 2 },
  { type: 'started', at: 510, call: 1, attempt: 2 },
  { type: 'failed', at: 1010, ended: 1010, kind: 'error', error, final: true, call: 1, attempt: 2 },
])

describe('job show', () => {
  it('counts per job', () => {
    expect(jobRows(EVENTS)).toEqual([
      { job: 'M000', name: 'f', calls: 2, done: 1, failed: 1, retried: 1, p50Ms: 1000, p95Ms: 1000, maxMs: 1000 },
      { job: 'A001', name: 'g', calls: 1, done: 0, failed: 0, retried: 0, p50Ms: null, p95Ms: null, maxMs: null },
    ])
  })

  it('groups final failures', () => {
    expect(failureGroups(EVENTS)).toEqual([
      { count: 1, kind: 'error', code: 'E_USER', message: 'bad luck', calls: [1] },
    ])
  })
})

describe('logs', () => {
  const printed = (filter: { call?: number; job?: string; errors: boolean }) => {
    const printer = new LogPrinter(filter)
    return EVENTS.flatMap((event) => printer.lines(event))
  }

  it('prints whole lines with their call, and what was left unfinished at its end', () => {
    expect(printed({ errors: false })).toEqual([
      'M000-00000  one',
      'M000-00000  oh',
      'M000-00000  two',
      'M000-00001  lost: E_USER: bad luck (tried again)',
      'M000-00001/2  error: E_USER: bad luck',
    ])
  })

  it('keeps to a call, a job, or errors', () => {
    expect(printed({ call: 0, errors: false })).toHaveLength(3)
    expect(printed({ job: 'A001', errors: false })).toEqual([])
    expect(printed({ errors: true })).toHaveLength(2)
  })
})

it('bills each attempt from the loaded function to its end', () => {
  expect(billByJob(EVENTS).map(({ job, attempts, gbSeconds }) => [job, attempts, gbSeconds])).toEqual([
    ['M000', 3, 2],
    ['A001', 0, 0],
  ])
})

it('finds workers and whom they work for', () => {
  const row = { ageMs: 5, cpuMs: 1, rss: 2 }
  const rows = [
    { ...row, pid: 1, parent: 0, command: ['node', '--flag', '/home/me/script.mjs'] },
    {
      ...row,
      pid: 2,
      parent: 1,
      command: ['node', '--max-old-space-size=64', '/x/packages/executor/dist/worker/main.js'],
    },
    { ...row, pid: 3, parent: 1, command: ['node', '/x/other/main.js'] },
  ]
  expect(workersAmong(rows)).toEqual([{ ...row, pid: 2, parentPid: 1, parent: '/home/me/script.mjs' }])
})

it('knows which Node will do', () => {
  expect(['18.20.0', '20.18.9', '20.20.2', '24.1.0'].map((version) => nodeVersion(version).state)).toEqual([
    'bad',
    'bad',
    'note',
    'good',
  ])
})
