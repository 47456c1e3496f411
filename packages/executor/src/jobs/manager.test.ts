import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FailureKind } from '../errors.js'
import { type CallRef, type JobAction, type JobEvent, JobManager } from './manager.js'

const KINDS: FailureKind[] = ['error', 'timeout', 'oom', 'lost']

/** A backend that does whatever the choices say: answers, fails, hands back, doubles answers, answers late. */
class ChaoticBackend {
  readonly manager: JobManager
  readonly batches: { job: number; open: CallRef[] }[] = []
  readonly ends = new Map<string, JobAction[]>()
  readonly finished = new Map<number, number>()
  readonly answered: (CallRef & { job: number })[] = []
  maxBusy = 0
  maxAttempt = 0

  constructor(window: number) {
    this.manager = new JobManager(window)
  }

  send(event: JobEvent): void {
    for (const action of this.manager.step(event)) {
      if (action.type === 'invoke') {
        this.batches.push({ job: action.job, open: [...action.calls] })
        for (const { attempt } of action.calls) this.maxAttempt = Math.max(this.maxAttempt, attempt)
      } else if (action.type === 'commit' || action.type === 'fail') {
        const key = `${action.job}/${action.index}`
        this.ends.set(key, [...(this.ends.get(key) ?? []), action])
      } else if (action.type === 'finish') {
        this.finished.set(action.job, (this.finished.get(action.job) ?? 0) + 1)
      }
    }
    this.maxBusy = Math.max(this.maxBusy, this.manager.busy)
  }

  /** One move of the backend, picked by two numbers. */
  move(pick: number, how: number): void {
    const batch = this.batches[pick % Math.max(1, this.batches.length)]
    if (!batch) return
    const { job } = batch
    const call = batch.open[0]
    const late = this.answered[pick % Math.max(1, this.answered.length)]
    if (late && how % 11 === 0) this.send({ type: 'done', ...late, ms: 1 })
    else if (late && how % 13 === 0) this.send({ type: 'failed', ...late, kind: 'lost' })
    else if (!call) {
      this.batches.splice(this.batches.indexOf(batch), 1)
      this.send({ type: 'batchEnded', job })
    } else {
      batch.open.shift()
      this.answered.push({ job, ...call })
      if (how % 5 === 0) this.send({ type: 'failed', job, ...call, kind: KINDS[how % 4]! })
      else if (how % 7 === 0) this.send({ type: 'returned', job, ...call })
      else this.send({ type: 'done', job, ...call, ms: how % 20 })
    }
  }
}

const jobs = fc.array(
  fc.record({
    total: fc.integer({ min: 0, max: 40 }),
    attempts: fc.integer({ min: 1, max: 4 }),
    on: fc.subarray(KINDS),
    chunk: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: 7 })),
  }),
  { minLength: 1, maxLength: 4 },
)
const moves = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 100_000 })), { maxLength: 300 })

describe('JobManager', () => {
  it('loses no call, commits none twice, finishes each job once, and keeps to its window and attempts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), jobs, moves, fc.nat(5), (window, plan, script, cancels) => {
        const backend = new ChaoticBackend(window)
        for (const [job, { total, attempts, on, chunk }] of plan.entries()) {
          backend.send({ type: 'submit', job, total, retry: { attempts, on }, chunk })
          backend.send({ type: 'ready', job })
        }
        for (const [i, [pick, how]] of script.entries()) {
          backend.move(pick, how)
          if (cancels > 0 && i === cancels * 20) {
            backend.send({ type: 'cancel', job: 0, ...(pick % 2 ? { indices: [pick % 40] } : {}) })
          }
        }
        for (let i = 1; backend.batches.length > 0; i++) backend.move(i, i % 3 === 0 ? 1 : 2)
        for (const [job, { total }] of plan.entries()) {
          expect(backend.finished.get(job)).toBe(1)
          for (let index = 0; index < total; index++) expect(backend.ends.get(`${job}/${index}`)).toHaveLength(1)
        }
        expect(backend.manager.busy).toBe(0)
        expect(backend.maxBusy).toBeLessThanOrEqual(window)
        expect(backend.maxAttempt).toBeLessThanOrEqual(Math.max(...plan.map(({ attempts }) => attempts)))
      }),
      { numRuns: 500 },
    )
  })

  it('sends nothing out before the job is ready', () => {
    const manager = new JobManager(2)
    const retry = { attempts: 3, on: ['lost'] as FailureKind[] }
    expect(manager.step({ type: 'submit', job: 0, total: 3, retry, chunk: 'auto' })).toEqual([])
    const actions = manager.step({ type: 'ready', job: 0 })
    expect(actions.map(({ type }) => type)).toEqual(['invoke', 'invoke'])
  })

  it('tries a lost call again at once, and alone; an error of the function is final', () => {
    const manager = new JobManager(1)
    manager.step({ type: 'submit', job: 0, total: 4, retry: { attempts: 3, on: ['lost'] }, chunk: 4 })
    manager.step({ type: 'ready', job: 0 })
    expect(manager.step({ type: 'failed', job: 0, index: 0, attempt: 1, kind: 'lost' })).toMatchObject([
      { type: 'retry', index: 0 },
    ])
    manager.step({ type: 'failed', job: 0, index: 1, attempt: 1, kind: 'error' })
    for (const index of [2, 3]) manager.step({ type: 'returned', job: 0, index, attempt: 1 })
    expect(manager.step({ type: 'batchEnded', job: 0 })).toEqual([
      { type: 'invoke', job: 0, calls: [{ index: 0, attempt: 2 }] },
    ])
  })

  it('batches calls only once it knows that they are short', () => {
    const manager = new JobManager(2)
    manager.step({ type: 'submit', job: 0, total: 1000, retry: { attempts: 1, on: [] }, chunk: 'auto' })
    const [first] = manager.step({ type: 'ready', job: 0 })
    expect(first).toMatchObject({ calls: [{ index: 0 }] })
    manager.step({ type: 'done', job: 0, index: 0, attempt: 1, ms: 0.2 })
    const [next] = manager.step({ type: 'batchEnded', job: 0 })
    expect((next as JobAction & { type: 'invoke' }).calls.length).toBeGreaterThan(20)
  })

  it('finishes an empty job at once', () => {
    const manager = new JobManager(1)
    const actions = manager.step({ type: 'submit', job: 7, total: 0, retry: { attempts: 1, on: [] }, chunk: 1 })
    expect(actions).toEqual([{ type: 'finish', job: 7, done: 0, failed: 0 }])
  })
})
