/**
 * How far all stages together are that somebody waits for: what was expected of them, corrected by what they took so far. One
 * meter a pipeline; the arithmetic is pure.
 */

import type { Expected } from './expected.js'
import type { PipelineProgress, Stage } from './progress.js'

/** The stages whose results each stage reads. */
const NEEDS: Record<Stage, readonly Stage[]> = {
  uploadMolecularDatabases: [],
  buildDatabase: ['uploadMolecularDatabases'],
  calculateCentroids: ['buildDatabase'],
  uploadDataset: [],
  loadDs: ['uploadDataset'],
  splitDs: ['loadDs'],
  segmentDs: ['splitDs'],
  segmentCentroids: ['calculateCentroids', 'segmentDs'],
  annotate: ['segmentCentroids'],
  runFdr: ['annotate'],
}

/** Where a stage is: what was expected of it, what it took itself so far, and the share of it that is done. */
export interface Situation {
  expected: number
  spent: number
  share: number
}

/** Expectations count like so many seconds of what was seen. */
const TRUST = 3

/**
 * Seconds until all of these are done. What was expected is multiplied by how much slower or faster things went so far; of a stage
 * at work its own rate counts the more, the further it is.
 * @param speed by how much slower or faster earlier runs were than expected.
 */
export function remainingSeconds(stages: readonly Situation[], speed = 1): number {
  const seen = stages.filter(({ share }) => share > 0)
  const spent = seen.reduce((sum, stage) => sum + stage.spent, 0)
  const expected = seen.reduce((sum, stage) => sum + stage.expected * stage.share, 0)
  const factor = (spent + TRUST * speed) / (expected + TRUST)
  return stages.reduce((sum, stage) => sum + remainingOf(stage, factor), 0)
}

function remainingOf({ expected, spent, share }: Situation, factor: number): number {
  if (share >= 1) return 0
  const foreseen = expected * factor
  // A single call says nothing until it has ended. When it should have, it will take a little longer.
  if (share === 0) return Math.max(foreseen - spent, spent / 4)
  // Of its own rate, spent · (1 − share) / share, the share that is done; of what was foreseen the rest.
  return (1 - share) * (spent + (1 - share) * foreseen)
}

/** Of everything that was asked for: the share that is done, which never falls, and the seconds it will still take, about. */
export interface Whole {
  share: number
  remaining: number
}

export class WholeProgress {
  #expected: Record<Stage, Expected> | undefined
  #kept: ReadonlySet<Stage> = new Set()
  readonly #stages = new Map<Stage, Situation>()
  /** Stages at work; each runs the one after it on its way. */
  #nested: Stage[] = []
  /** Until when time was counted, ms. */
  #at = 0
  #target: Stage | undefined
  #aimed: Stage | undefined
  #share = 0
  /** Done before anybody waited for the target. */
  #before: ReadonlySet<Stage> = new Set()
  readonly #earlier = { work: 0, expected: 0 }

  /** What stages will take, of those in `kept` nothing. */
  foresee(expected: Record<Stage, Expected>, kept: ReadonlySet<Stage>): void {
    this.#expected = expected
    this.#kept = kept
  }

  /** Somebody waits for this stage, whichever are run one by one on the way; `undefined`: no more. */
  aim(stage: Stage | undefined): void {
    this.#aimed = stage
    this.#target = undefined
  }

  /** Nothing is done any more. */
  reset(): void {
    this.#stages.clear()
    this.#expected = undefined
  }

  /** An earlier run has left the result of a stage, and what it took: seconds of all its calls. */
  found(stage: Stage, work: number): void {
    this.#earlier.work += work
    this.#earlier.expected += this.#expected?.[stage].work ?? 0
  }

  /** Takes news of a stage; @returns undefined while nothing is foreseen. */
  look(news: PipelineProgress, now: number): Whole | undefined {
    this.#count(now)
    const { stage, state, done, total, resumed } = news
    if (!this.#nested.includes(stage)) this.#begin(stage)
    const own = this.#of(stage)
    const over = state === 'done' || state === 'cached'
    own.share = over ? 1 : total > resumed ? Math.min(0.99, (done - resumed) / (total - resumed)) : 0
    if (state === 'cached') own.expected = 0
    else if (resumed > 0) own.expected = this.#foreseen(stage) * (1 - resumed / total)
    if (state !== 'running') this.#nested = this.#nested.filter((other) => other !== stage)
    return this.#expected && this.#whole()
  }

  #begin(stage: Stage): void {
    if (this.#nested.length === 0 && this.#target !== (this.#aimed ?? stage)) {
      this.#target = this.#aimed ?? stage
      this.#share = 0
      this.#before = new Set([...this.#stages].filter(([, { share }]) => share >= 1).map(([one]) => one))
    }
    this.#nested.push(stage)
    this.#stages.set(stage, { expected: this.#foreseen(stage), spent: 0, share: 0 })
  }

  /** Time goes to the innermost of the stages at work. */
  #count(now: number): void {
    const stage = this.#nested.at(-1)
    if (stage) this.#of(stage).spent += (now - this.#at) / 1000
    this.#at = now
  }

  #of(stage: Stage): Situation {
    const known = this.#stages.get(stage) ?? { expected: this.#foreseen(stage), spent: 0, share: 0 }
    this.#stages.set(stage, known)
    return known
  }

  #foreseen(stage: Stage): number {
    return this.#kept.has(stage) ? 0 : (this.#expected?.[stage].wall ?? 0)
  }

  #whole(): Whole {
    const { work, expected } = this.#earlier
    const speed = Math.min(10, Math.max(0.1, (work + 1) / (expected + 1)))
    const needed = neededFor(this.#target as Stage)
    const remaining = remainingSeconds(
      needed.map((stage) => this.#of(stage)),
      speed,
    )
    const wanted = needed.filter((stage) => !this.#before.has(stage))
    const spent = wanted.reduce((sum, stage) => sum + this.#of(stage).spent, 0)
    const share = remaining === 0 ? 1 : Math.min(0.99, spent / (spent + remaining))
    this.#share = Math.max(this.#share, share)
    return { share: this.#share, remaining }
  }
}

/** A stage and all that it needs. */
function neededFor(stage: Stage): Stage[] {
  const found = new Set<Stage>()
  const visit = (one: Stage) => {
    if (found.has(one)) return
    found.add(one)
    NEEDS[one].forEach(visit)
  }
  visit(stage)
  return [...found]
}
