import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FailureKind } from '../errors.js'
import { JobManager, type ManagerOptions } from './manager.js'
import type { CallRef, JobAction, JobEvent, JobPolicy } from './types.js'

const KINDS: FailureKind[] = ['error', 'timeout', 'oom', 'lost']
/** What an attempt may cost at worst, and does cost at most. */
const WORST = 3

/** A backend on a clock of its own that does whatever the choices say: answers, fails, hands back, refuses, doubles answers, answers late. */
class ChaoticBackend {
  readonly manager: JobManager
  readonly batches: { job: number; open: CallRef[]; refused: boolean }[] = []
  readonly ends = new Map<string, JobAction[]>()
  readonly finished = new Map<number, number>()
  readonly answered: (CallRef & { job: number })[] = []
  /** Attempts handed out, by call: none may be under way twice. */
  readonly underway = new Set<string>()
  readonly failures = new Map<string, number>()
  maxBusy = 0
  spent = 0
  at = 0

  constructor(options: ManagerOptions) {
    this.manager = new JobManager(options)
  }

  send(event: JobEvent): void {
    for (const action of this.manager.step(event, this.at)) {
      if (action.type === 'invoke') {
        this.batches.push({ job: action.job, open: [...action.calls], refused: true })
        for (const { index, attempt } of action.calls) {
          const key = `${action.job}/${index}/${attempt}`
          if (this.underway.has(key)) throw new Error(`attempt ${key} is made twice`)
          if (this.ends.has(`${action.job}/${index}`)) throw new Error(`call ${key} had ended`)
          this.underway.add(key)
        }
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
    this.at += how % 3 === 0 ? how % 1000 : 0
    const batch = this.batches[pick % Math.max(1, this.batches.length)]
    const late = this.answered[pick % Math.max(1, this.answered.length)]
    if (late && how % 11 === 0) this.send({ type: 'done', ...late, ms: 1, cost: WORST })
    else if (late && how % 13 === 0) this.send({ type: 'failed', ...late, kind: 'lost', cost: WORST })
    else if (!batch) this.wait()
    else if (batch.open.length === 0) {
      this.batches.splice(this.batches.indexOf(batch), 1)
      this.send({ type: 'batchEnded', job: batch.job, refused: batch.refused })
    } else this.answer(batch, how)
  }

  /** Lets the time come that the manager waits for. */
  wait(): void {
    this.at = Math.max(this.at + 1, this.manager.wakeAt ?? 0)
    this.send({ type: 'tick' })
  }

  private answer(batch: ChaoticBackend['batches'][number], how: number): void {
    const { job } = batch
    const call = batch.open.shift()!
    const key = `${job}/${call.index}`
    this.underway.delete(`${key}/${call.attempt}`)
    if (how % 17 === 0) {
      this.send({ type: 'throttled', job, ...call, retryAfter: how % 200 })
      return
    }
    batch.refused = false
    if (how % 7 === 0) {
      this.send({ type: 'returned', job, ...call })
      return
    }
    this.answered.push({ job, ...call })
    const cost = how % (WORST + 1)
    this.spent += cost
    if (how % 2 === 0) this.send({ type: 'started', job, ...call })
    if (how % 5 === 0) {
      if (!this.ends.has(key)) this.failures.set(key, (this.failures.get(key) ?? 0) + 1)
      this.send({ type: 'failed', job, ...call, kind: KINDS[how % 4]!, cost })
    } else this.send({ type: 'done', job, ...call, ms: how % 20, cost })
  }
}

const policies = fc.record({
  attempts: fc.integer({ min: 1, max: 4 }),
  on: fc.subarray(KINDS),
  chunk: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: 7 })),
  tolerate: fc.constantFrom(undefined, undefined, 0, 3),
  pause: fc.constantFrom(0, 0, 100),
  hedged: fc.boolean(),
  priced: fc.boolean(),
  escalates: fc.boolean(),
})
const jobs = fc.array(fc.record({ total: fc.integer({ min: 0, max: 40 }), blocked: fc.boolean(), policy: policies }), {
  minLength: 1,
  maxLength: 4,
})
const moves = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 100_000 })), { maxLength: 300 })
const options = fc.record({
  size: fc.integer({ min: 1, max: 5 }),
  rate: fc.constantFrom(undefined, { perSecond: 10, burst: 3 }),
  budget: fc.constantFrom(undefined, 0, 10, 60),
})

function policy({ pause, hedged, priced, escalates, tolerate, ...rest }: Record<string, unknown>): JobPolicy {
  return {
    ...(rest as unknown as JobPolicy),
    backoff: () => pause as number,
    ...(tolerate === undefined ? {} : { tolerate: tolerate as number }),
    ...(hedged ? { hedge: { after: 0.5, factor: 1, minMs: 1, max: 0.5 } } : {}),
    ...(priced ? { worst: () => WORST } : {}),
    ...(escalates
      ? { memory: (index, last) => (last?.kind === 'oom' ? 2 * last.runtimeMemory! : 100 + (index % 2)) }
      : {}),
  }
}

describe('JobManager', () => {
  it('loses no call, commits none twice, finishes each job once, and keeps to window, attempts and budget', () => {
    fc.assert(
      fc.property(options, jobs, moves, fc.nat(5), ({ size, rate, budget }, plan, script, cancels) => {
        const backend = new ChaoticBackend({ size, budget, ...(rate ? { rate } : {}) })
        for (const [job, { total, blocked, policy: wanted }] of plan.entries()) {
          backend.send({ type: 'submit', job, total, blocked, policy: policy(wanted) })
          backend.send({ type: 'ready', job })
        }
        for (const [i, [pick, how]] of script.entries()) {
          backend.move(pick, how)
          const job = i % plan.length
          if (plan[job]!.blocked)
            backend.send({ type: how % 4 ? 'input' : 'reject', job, index: i % 40, kind: 'error' })
          if (cancels > 0 && i === cancels * 20) {
            backend.send({ type: 'cancel', job: 0, ...(pick % 2 ? { indices: [pick % 40] } : {}) })
          }
        }
        for (const [job, { total, blocked }] of plan.entries()) {
          for (let index = 0; blocked && index < total; index++) backend.send({ type: 'input', job, index })
        }
        for (let i = 1; backend.finished.size < plan.length || backend.batches.length > 0; i++) {
          if (i > 50_000) throw new Error('hangs')
          if (backend.batches.length > 0) backend.move(i, i % 3 === 0 ? 1 : 2)
          else backend.wait()
        }
        for (const [job, { total }] of plan.entries()) {
          expect(backend.finished.get(job)).toBe(1)
          for (let index = 0; index < total; index++) {
            expect(backend.ends.get(`${job}/${index}`)).toHaveLength(1)
            const { attempts } = plan[job]!.policy
            // Copies may fail too, beside the attempts a call has: one more at most, the last.
            expect(backend.failures.get(`${job}/${index}`) ?? 0).toBeLessThanOrEqual(attempts + 1)
          }
        }
        expect(backend.manager.busy).toBe(0)
        expect(backend.manager.wakeAt).toBeUndefined()
        expect(backend.maxBusy).toBeLessThanOrEqual(size)
        expect(backend.manager.spent).toBeLessThanOrEqual(budget ?? Number.POSITIVE_INFINITY)
        if (budget !== undefined && plan.every((job) => job.policy.priced))
          expect(backend.spent).toBeLessThanOrEqual(budget)
      }),
      { numRuns: 600 },
    )
  })

  const simple = (chunk: number | 'auto' = 1): JobPolicy => ({ attempts: 3, on: ['lost'], chunk })
  const started = (manager: JobManager, total: number, wanted: JobPolicy) => [
    ...manager.step({ type: 'submit', job: 0, total, policy: wanted }, 0),
    ...manager.step({ type: 'ready', job: 0 }, 0),
  ]
  const batch = { type: 'batchEnded', job: 0 } as const

  it('sends nothing out before the job is ready', () => {
    const manager = new JobManager({ size: 2 })
    expect(manager.step({ type: 'submit', job: 0, total: 3, policy: simple('auto') }, 0)).toEqual([])
    const actions = manager.step({ type: 'ready', job: 0 }, 0)
    expect(actions.map(({ type }) => type)).toEqual(['invoke', 'invoke'])
  })

  it('tries a lost call again at once, and alone; an error of the function is final', () => {
    const manager = new JobManager({ size: 1 })
    started(manager, 4, simple(4))
    expect(manager.step({ type: 'failed', job: 0, index: 0, attempt: 1, kind: 'lost' }, 1)).toMatchObject([
      { type: 'retry', index: 0 },
    ])
    const ended = manager.step({ type: 'failed', job: 0, index: 1, attempt: 1, kind: 'error' }, 1)
    expect(ended).toMatchObject([{ type: 'fail', index: 1 }])
    for (const index of [2, 3]) manager.step({ type: 'returned', job: 0, index, attempt: 1 }, 1)
    expect(manager.step(batch, 1)).toMatchObject([{ type: 'invoke', calls: [{ index: 0, attempt: 2 }] }])
  })

  it('waits before a retry as long as it is told, and lets others go meanwhile', () => {
    const manager = new JobManager({ size: 1 })
    started(manager, 2, { ...simple(), backoff: (failed) => failed * 500 })
    manager.step({ type: 'failed', job: 0, index: 0, attempt: 1, kind: 'lost' }, 100)
    expect(manager.step(batch, 100)).toMatchObject([{ type: 'invoke', calls: [{ index: 1, attempt: 1 }] }])
    manager.step({ type: 'done', job: 0, index: 1, attempt: 1, ms: 1 }, 200)
    expect(manager.step(batch, 200)).toEqual([])
    expect(manager.wakeAt).toBe(600)
    expect(manager.step({ type: 'tick' }, 600)).toMatchObject([{ type: 'invoke', calls: [{ index: 0, attempt: 2 }] }])
  })

  it('batches calls only once it knows that they are short', () => {
    const manager = new JobManager({ size: 2 })
    const [first] = started(manager, 1000, simple('auto'))
    expect(first).toMatchObject({ calls: [{ index: 0 }] })
    manager.step({ type: 'done', job: 0, index: 0, attempt: 1, ms: 0.2 }, 1)
    const [next] = manager.step(batch, 1)
    expect((next as JobAction & { type: 'invoke' }).calls.length).toBeGreaterThan(20)
  })

  it('finishes an empty job at once', () => {
    const manager = new JobManager({ size: 1 })
    const actions = manager.step({ type: 'submit', job: 7, total: 0, policy: simple() }, 0)
    expect(actions).toEqual([{ type: 'finish', job: 7, done: 0, failed: 0 }])
  })

  it('spends no attempt on refusals, and sends less after them', () => {
    const manager = new JobManager({ size: 8 })
    expect(started(manager, 100, simple())).toHaveLength(8)
    for (let index = 0; index < 8; index++) {
      manager.step({ type: 'throttled', job: 0, index, attempt: 1, retryAfter: 300 }, 0)
      expect(manager.step({ ...batch, refused: true }, 0)).toEqual([])
    }
    expect(manager.wakeAt).toBe(300)
    const again = manager.step({ type: 'tick' }, 300)
    expect(again).toHaveLength(4)
    expect(again[0]).toMatchObject({ calls: [{ attempt: 1 }] })
  })

  it('keeps to the rate at which batches may begin', () => {
    const manager = new JobManager({ size: 100, rate: { perSecond: 10, burst: 5 } })
    expect(started(manager, 50, simple())).toHaveLength(5)
    expect(manager.wakeAt).toBeCloseTo(100)
    expect(manager.step({ type: 'tick' }, 350)).toHaveLength(3)
  })

  it('gives memory by item and doubles it, and batches only what needs the same', () => {
    const manager = new JobManager({ size: 1 })
    const memory: JobPolicy['memory'] = (index, last) => (last ? 2 * last.runtimeMemory! : index < 2 ? 100 : 200)
    const [first] = started(manager, 3, { attempts: 2, on: ['oom'], chunk: 10, memory })
    expect(first).toMatchObject({ memory: 100, calls: [{ index: 0 }, { index: 1 }] })
    manager.step({ type: 'failed', job: 0, index: 0, attempt: 1, kind: 'oom' }, 1)
    manager.step({ type: 'done', job: 0, index: 1, attempt: 1, ms: 1 }, 1)
    expect(manager.step(batch, 1)).toMatchObject([{ memory: 200, calls: [{ index: 0, attempt: 2 }] }])
  })

  it('copies a slow call, takes the first answer and stops the other', () => {
    const manager = new JobManager({ size: 2 })
    started(manager, 4, { ...simple(), hedge: { after: 0.75, factor: 2, minMs: 10, max: 0.05 } })
    for (const index of [1, 2, 3]) {
      manager.step({ type: 'started', job: 0, index, attempt: 1 }, 0)
      manager.step({ type: 'done', job: 0, index, attempt: 1, ms: 20 }, 20)
      expect(manager.step(batch, 20).filter(({ type }) => type !== 'invoke')).toEqual([])
    }
    expect(manager.wakeAt).toBe(40)
    expect(manager.step({ type: 'tick' }, 40)).toMatchObject([
      { type: 'invoke', copy: true, calls: [{ index: 0, attempt: 2 }] },
    ])
    expect(manager.step({ type: 'done', job: 0, index: 0, attempt: 2, ms: 5 }, 50)).toMatchObject([
      { type: 'commit', index: 0, attempt: 2 },
      { type: 'abort', index: 0, attempt: 1 },
      { type: 'finish', done: 4 },
    ])
    expect(manager.step({ type: 'done', job: 0, index: 0, attempt: 1, ms: 50 }, 60)).toEqual([])
  })

  it('ends the rest when more have failed than is tolerated', () => {
    const manager = new JobManager({ size: 3 })
    started(manager, 5, { ...simple(), tolerate: 1 })
    manager.step({ type: 'failed', job: 0, index: 0, attempt: 1, kind: 'error' }, 1)
    const actions = manager.step({ type: 'failed', job: 0, index: 1, attempt: 1, kind: 'error' }, 1)
    expect(actions.map(({ type }) => type)).toEqual(['fail', 'abort', 'fail', 'fail', 'fail', 'finish'])
  })

  it('stops when the budget cannot pay the worst case of another call', () => {
    const manager = new JobManager({ size: 2, budget: 10 })
    expect(started(manager, 10, { ...simple(), worst: () => 4 })).toHaveLength(2)
    manager.step({ type: 'done', job: 0, index: 0, attempt: 1, ms: 1, cost: 4 }, 1)
    expect(manager.step(batch, 1)).toEqual([])
    const actions = manager.step({ type: 'done', job: 0, index: 1, attempt: 1, ms: 1, cost: 4 }, 1)
    expect(actions.filter(({ type }) => type === 'fail')).toHaveLength(8)
    expect(actions.at(-1)).toEqual({ type: 'finish', job: 0, done: 2, failed: 8 })
    expect(manager.spent).toBe(8)
  })
})
