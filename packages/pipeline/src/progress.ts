/** How far a pipeline is: one stream of news for whoever looks on. */
import { type Whole, WholeProgress } from './whole-progress.js'

/** The pipeline's methods in the order of `run`. */
export const STAGES = [
  'uploadMolecularDatabases',
  'buildDatabase',
  'calculateCentroids',
  'uploadDataset',
  'loadDs',
  'splitDs',
  'segmentDs',
  'segmentCentroids',
  'annotate',
  'runFdr',
] as const

export type Stage = (typeof STAGES)[number]

/** News of a stage: when it begins, whenever one of its calls ends, and when it ends. */
export interface PipelineProgress {
  stage: Stage
  /** Which of the stages it is, from 1, and how many there are. */
  number: number
  stages: number
  state: 'running' | 'done' | 'cached' | 'failed' | 'cancelled'
  /** Calls of the stage that have ended, and all that it will make; 0 of 0 until that is known. */
  done: number
  total: number
  /** What is counted: of `uploadDataset` what is copied. */
  unit: 'calls' | 'MB'
  /** Of the calls that are done, those whose results an earlier run had left when it was broken off. */
  resumed: number
  /** Seconds since the stage began. */
  elapsed: number
  /** Seconds the stage will still take at the rate so far; absent until a call has ended. */
  remaining?: number
  /**
   * Of all stages that somebody waits for (of `run` all): the share that is done, which never falls, and the seconds they will still
   * take, estimated from the sizes of the inputs, from what is kept, and from how fast things went so far.
   */
  whole?: Whole
}

type Listener = (progress: PipelineProgress) => void

/** Hands news to listeners and iterators. */
export class ProgressFeed {
  /** Makes one estimate of the stages' own. */
  readonly whole = new WholeProgress()
  readonly #listeners = new Set<Listener>()
  readonly #closers = new Set<() => void>()

  /** Returns a function that unsubscribes. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  begin(stage: Stage): StageMeter {
    return new StageMeter(stage, (progress) => {
      const whole = this.whole.look(progress, performance.now())
      for (const listener of this.#listeners) listener(whole ? { ...progress, whole } : progress)
    })
  }

  /** Ends all iterators. */
  close(): void {
    for (const close of this.#closers) close()
  }

  /**
   * News from now on, until the last stage has ended, one has failed or was cancelled, or the feed is closed. Who is slow misses
   * steps in between, never the end of a stage.
   */
  iterate(): AsyncGenerator<PipelineProgress, void, undefined> {
    const queue: Queue = { waiting: [], over: false, wake: () => {} }
    const off = this.listen((progress) => {
      const last = queue.waiting.at(-1)
      if (last?.stage === progress.stage && last.state === 'running') queue.waiting.pop()
      queue.waiting.push(progress)
      queue.wake()
    })
    const close = () => {
      queue.over = true
      queue.wake()
    }
    this.#closers.add(close)
    return drain(queue, () => {
      off()
      this.#closers.delete(close)
    })
  }
}

interface Queue {
  waiting: PipelineProgress[]
  over: boolean
  wake: () => void
}

async function* drain(queue: Queue, leave: () => void): AsyncGenerator<PipelineProgress, void, undefined> {
  try {
    for (;;) {
      for (const progress of queue.waiting.splice(0)) {
        yield progress
        if (isLast(progress)) return
      }
      if (queue.waiting.length > 0) continue
      if (queue.over) return
      await new Promise<void>((resolve) => {
        queue.wake = resolve
      })
    }
  } finally {
    leave()
  }
}

function isLast({ stage, state }: PipelineProgress): boolean {
  return state === 'failed' || state === 'cancelled' || (stage === STAGES.at(-1) && state !== 'running')
}

/** Counts the calls of one stage. */
export class StageMeter {
  readonly #begun = performance.now()
  #done = 0
  #total = 0
  #resumed = 0

  constructor(
    readonly stage: Stage,
    private readonly tell: Listener,
  ) {
    this.#say('running')
  }

  /** The stage will make so many calls in all. */
  expect(total: number): void {
    this.#total = total
    this.#say('running')
  }

  /** A call has ended; `resumed`: it had ended in an earlier run. */
  step({ resumed = false } = {}): void {
    this.#done++
    if (resumed) this.#resumed++
    this.#say('running')
  }

  end(state: Exclude<PipelineProgress['state'], 'running'>): void {
    this.#say(state)
  }

  #say(state: PipelineProgress['state']): void {
    const elapsed = (performance.now() - this.#begun) / 1000
    const computed = this.#done - this.#resumed
    const known = state === 'running' && computed > 0
    this.tell({
      ...{ stage: this.stage, number: STAGES.indexOf(this.stage) + 1, stages: STAGES.length, state },
      ...{ done: this.#done, total: this.#total, resumed: this.#resumed, elapsed },
      unit: this.stage === 'uploadDataset' ? 'MB' : 'calls',
      ...(known ? { remaining: ((this.#total - this.#done) * elapsed) / computed } : {}),
    })
  }
}
