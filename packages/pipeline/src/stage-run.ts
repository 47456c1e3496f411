/** One stage at work: its maps, their receipts and their statistics. */
import { createHash } from 'node:crypto'
import { serialize } from 'node:v8'
import { cancelled, checkCancelled } from './cancel.js'
import { allThere, cloudObjects, unlessMissing } from './kept-objects.js'
import type { RetryKind, RunnerOptions } from './stage-executor.js'
import {
  type ItemOf,
  type Receipt,
  type ResultOf,
  readReceipt,
  runStage,
  type StageCall,
  type StageFunction,
} from './stages/index.js'
import type { StatsRow } from './types.js'

/** US dollars a GB-second, Lithops-METASPACE's price. */
const PRICE = 0.000017
/**
 * Tries of a call: workers may be lost, memory is doubled each time it did not suffice, and an executor with a time limit may have been
 * busy. Errors of the stages themselves would come again.
 */
const RETRY = { attempts: 3, on: ['lost', 'oom', 'timeout'] } satisfies { attempts: number; on: RetryKind[] }
/** Receipts read side by side. */
const AT_ONCE = 32

export interface MapOptions<R = unknown> {
  /** MB that a call needs, when that is more than the pipeline's own setting. */
  memory?: number
  /** Stateful: on the second executor where there is one. */
  vm?: boolean
  /** Takes the result of each call that is made, as it comes, before it counts as done. */
  each?: (result: R, index: number) => Promise<void>
}

/** What a stage counts its calls on. */
export interface CallMeter {
  expect(calls: number): void
  step(how?: { resumed: boolean }): void
}

export interface StageRunParts {
  stage: string
  /** Whether calls leave receipts, and those that are there are used. */
  receipts: boolean
  /** Where the stage's objects lie; without a slash at the end. */
  prefix: string
  /** Prefix of what is needed only until the stage is done, receipts among it. */
  scratch: string
  options: RunnerOptions
  /** Gets the row of each map. */
  stats: StatsRow[]
  meter: CallMeter
  signal: AbortSignal
}

export class StageRun {
  readonly rows: StatsRow[] = []

  constructor(private readonly parts: StageRunParts) {}

  get prefix(): string {
    return this.parts.prefix
  }

  get scratch(): string {
    return this.parts.scratch
  }

  get signal(): AbortSignal {
    return this.parts.signal
  }

  /** Says how many calls the stage will make in all its maps. */
  expect(calls: number): void {
    this.parts.meter.expect(calls)
  }

  /** Tells a line. */
  say(line: string): void {
    this.parts.options.log(line)
  }

  /** Something that is no call, but counts as one, has ended. */
  step(): void {
    this.parts.meter.step()
  }

  /**
   * Runs a stage function over items and waits for all; the first failure is thrown after all have ended. Calls whose receipts an
   * earlier run has left are not made again.
   * @throws MayflyError E_CANCELLED
   */
  async map<F extends StageFunction>(
    fn: F,
    items: readonly ItemOf<F>[],
    { memory: needed = 0, vm = false, each }: MapOptions<ResultOf<F>> = {},
  ): Promise<ResultOf<F>[]> {
    if (items.length === 0) return []
    const { executor: functions, vmExecutor, memory: least } = this.parts.options
    const executor = (vm && vmExecutor) || functions
    const memory = memoryClass(least, needed)
    const calls = items.map((item): StageCall => ({ fn, item, ...this.#receiptOf(fn, item) }))
    const left = this.parts.receipts ? await this.#receipts(calls) : new Map<number, Receipt>()
    for (let i = 0; i < left.size; i++) this.parts.meter.step({ resumed: true })
    checkCancelled(this.signal, this.parts.stage)
    const missing = [...calls.keys()].filter((i) => !left.has(i))
    const futures =
      missing.length === 0
        ? []
        : [
            ...executor.map(
              runStage,
              missing.map((i) => calls[i]),
              { runtimeMemory: memory, name: fn, signal: this.signal, retry: RETRY },
            ),
          ]
    const outcomes = await Promise.allSettled(
      futures.map(async (future, k) => {
        const result = await future.result()
        await each?.(result as ResultOf<F>, missing[k] as number)
        this.parts.meter.step()
        return result
      }),
    )
    this.#check(outcomes)
    const results = items.map((_, i) => left.get(i)?.result)
    for (const [k, i] of missing.entries()) results[i] = (outcomes[k] as PromiseFulfilledResult<unknown>).value
    const before = [...left.values()].reduce((sum, { seconds }) => sum + seconds, 0)
    const seconds = futures.reduce((sum, { stats }) => sum + ((stats.ended ?? 0) - (stats.started ?? 0)) / 1000, before)
    const row: StatsRow = {
      Function: fn,
      Actions: items.length,
      Memory: memory,
      AvgRuntime: round(seconds / items.length, 4),
      // A virtual machine is paid for as long as it stands, whatever is called on it.
      Cost: vm && vmExecutor ? 0 : round(seconds * (memory / 1024) * PRICE, 9),
      CloudObjects: cloudObjects(results).length,
      Cached: false,
      Where: vm ? 'vm' : 'functions',
      Resumed: left.size,
      ...(futures[0]?.runId === undefined ? {} : { Run: futures[0].runId }),
    }
    this.rows.push(row)
    this.parts.stats.push(row)
    return results as ResultOf<F>[]
  }

  /** A map of one call. */
  async call<F extends StageFunction>(
    fn: F,
    item: ItemOf<F>,
    options: MapOptions<ResultOf<F>> = {},
  ): Promise<ResultOf<F>> {
    return (await this.map(fn, [item], options))[0] as ResultOf<F>
  }

  /** Everything that decides the call is in its item, so its hash names the receipt. */
  #receiptOf(fn: StageFunction, item: unknown): { receipt?: string } {
    if (!this.parts.receipts) return {}
    const hash = createHash('sha256').update(serialize(item)).digest('hex').slice(0, 16)
    return { receipt: `${this.scratch}receipts/${fn}-${hash}` }
  }

  /** Receipts that are there, by the position of their call; one request where there is none. */
  async #receipts(calls: readonly StageCall[]): Promise<Map<number, Receipt>> {
    const { storage } = this.parts.options.executor
    const known = new Set(await storage.listKeys(storage.bucket, `${this.scratch}receipts/${calls[0]?.fn}-`))
    const found = new Map<number, Receipt>()
    const wanted = [...calls.entries()].filter(([, { receipt }]) => known.has(receipt as string))
    const look = async () => {
      for (let next = wanted.pop(); next; next = wanted.pop()) {
        const [i, { receipt }] = next
        try {
          const read = readReceipt(await storage.getObject(storage.bucket, receipt as string))
          await allThere(storage, read.result)
          found.set(i, read)
        } catch (error) {
          unlessMissing(error)
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, look))
    return found
  }

  #check(outcomes: readonly PromiseSettledResult<unknown>[]): void {
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
    const [first] = failed
    if (!first) return
    const real = failed.find(({ reason }) => (reason as { kind?: string }).kind !== 'cancelled')
    if (this.signal.aborted || !real) throw cancelled(this.parts.stage, first.reason)
    throw real.reason
  }
}

/** Workers of one size serve many stages, so what a call needs is rounded up to the least, twice that, and so on. */
function memoryClass(least: number, needed: number): number {
  let memory = least
  while (memory < needed) memory *= 2
  return memory
}

const round = (value: number, digits: number) => Number(value.toFixed(digits))
