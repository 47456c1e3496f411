/** When to look for answers again: as often as somebody may be waiting for one, and no more often than is worth its price. Pure. */

/** Between two looks for answers, ms. */
export const SHORTEST_MS = 50
export const LONGEST_MS = 2000
/** Between two looks for what runs, ms. */
const LIFE = { shortest: 1000, longest: 3000 }
/** A look for what runs may come late by this part of its age. */
const LIFE_LATE = 0.2
/** A look may come late by this part of what a call has taken. */
const LATE = 0.1
/** What looking may cost at most, as a part of what the functions cost that are waited for, before it counts as too often. */
const COST = 0.02
/** And however many they are, it takes the caller's time, too, ms. */
const FAIREST_MS = 100
/** Looking must leave time for everything else: a pause is so many times as long as the look before it. */
const PAUSE = 4
const REMEMBERED = 64

/** How long calls with the same code took from the request to the answer, ms. */
export class Experience {
  readonly #recent: number[] = []
  #count = 0
  #span: { from: number; to: number } | undefined

  add(ms: number): void {
    this.#recent[this.#count++ % REMEMBERED] = ms
    this.#span = undefined
  }

  /** When nearly all answers came, with a margin; undefined as long as none has. */
  get span(): { from: number; to: number } | undefined {
    if (this.#count === 0) return undefined
    if (!this.#span) {
      const sorted = [...this.#recent].sort((a, b) => a - b)
      const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))]!
      this.#span = { from: 0.9 * at(0.1), to: 1.1 * at(0.9) }
    }
    return this.#span
  }
}

/**
 * Time until a look at which one answer should be found, ms. It may always come late by a part of what its call has taken: calls
 * with the same code may take other times. Where they usually end it is looked for more closely, and so it is, as long as nothing
 * else is known, when that is worth its price.
 *
 * @param age since the request, ms
 * @param fair interval at which looking costs no more than it may, ms (`fairInterval`)
 */
export function untilLook(age: number, span: Experience['span'], fair: number): number {
  if (span && age < span.from) return clamp(Math.min(age * LATE, span.from - age))
  const late = span && age <= span.to ? (span.to - span.from) * LATE : (age - (span?.to ?? 0)) * LATE
  return clamp(Math.min(late, age * LATE, fair))
}

/**
 * Time until the next look for all answers that are waited for, ms.
 *
 * @param ages since the request of each, ms
 * @param lookMs how long the last look took
 */
export function nextLook(ages: Iterable<number>, span: Experience['span'], fair: number, lookMs: number): number {
  let soonest = LONGEST_MS
  for (const age of ages) soonest = Math.min(soonest, untilLook(age, span, fair))
  return Math.max(soonest, Math.min(LONGEST_MS, PAUSE * lookMs))
}

/** Time from one look for what runs to the next, ms: what has begun is of interest as long as it has not run long. */
export function nextLife(ages: Iterable<number>, fair: number): number {
  let youngest = Number.POSITIVE_INFINITY
  for (const age of ages) youngest = Math.min(youngest, age)
  return Math.min(LIFE.longest, Math.max(LIFE.shortest, Math.min(fair, LIFE_LATE * youngest)))
}

/** Interval at which listings cost their part of what `running` functions cost, ms. Prices in US dollars: a listing, a second of a function. */
export function fairInterval(running: number, list: number, second: number): number {
  if (running === 0 || second === 0) return LONGEST_MS
  return Math.max(FAIREST_MS, (1000 * list) / (COST * running * second))
}

function clamp(ms: number): number {
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ms))
}
