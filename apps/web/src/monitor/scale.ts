/** Time ↔ pixels, pure. */

/** A stretch of time, ms since the epoch, `to > from`. */
export interface TimeWindow {
  from: number
  to: number
}

/** A window drawn over `width` pixels. */
export interface TimeScale extends TimeWindow {
  width: number
}

/** Shortest window one can zoom to, ms. */
export const SHORTEST = 1

export const toX = ({ from, to, width }: TimeScale, time: number): number => ((time - from) / (to - from)) * width
export const toTime = ({ from, to, width }: TimeScale, x: number): number => from + (x / width) * (to - from)

/** Zooms by `factor` (> 1 shows less time) so that the time at fraction `at` of the window stays where it is. */
export function zoom({ from, to }: TimeWindow, factor: number, at: number, limits: TimeWindow): TimeWindow {
  const span = to - from
  const wanted = Math.min(Math.max(span / factor, SHORTEST), limits.to - limits.from)
  const fixed = from + span * at
  return clamp({ from: fixed - wanted * at, to: fixed + wanted * (1 - at) }, limits)
}

/** Moves by `fraction` of the window. */
export function pan({ from, to }: TimeWindow, fraction: number, limits: TimeWindow): TimeWindow {
  const by = (to - from) * fraction
  return clamp({ from: from + by, to: to + by }, limits)
}

/** Moves a window inside its limits; one that is longer becomes the limits. */
export function clamp({ from, to }: TimeWindow, limits: TimeWindow): TimeWindow {
  const span = to - from
  if (span >= limits.to - limits.from) return { ...limits }
  const start = Math.min(Math.max(from, limits.from), limits.to - span)
  return { from: start, to: start + span }
}

const UNITS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3]
const LONG = [60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 14400e3, 43200e3, 86400e3]

/** A round step that gives at most `most` ticks over `span` ms. */
export function tickStep(span: number, most: number): number {
  const least = span / Math.max(1, most)
  for (const step of [...UNITS, ...LONG]) if (step >= least) return step
  return Math.ceil(least / 86400e3) * 86400e3
}

/** Tick times as offsets from `origin`, at most `most` of them inside the window. */
export function ticks({ from, to }: TimeWindow, origin: number, most: number): { step: number; offsets: number[] } {
  const step = tickStep(to - from, most)
  const offsets: number[] = []
  for (let k = Math.ceil((from - origin) / step); origin + k * step <= to; k++) offsets.push(k * step)
  return { step, offsets }
}

/** Label of a tick: as many digits as its step needs. */
export function tickLabel(offset: number, step: number): string {
  const sign = offset < 0 ? '−' : ''
  const ms = Math.abs(offset)
  if (ms < 60e3) {
    if (step < 1e3) return `${sign}${(ms / 1e3).toFixed(step < 10 ? 3 : step < 100 ? 2 : 1)} s`
    return `${sign}${Math.round(ms / 1e3)} s`
  }
  const hours = Math.floor(ms / 3600e3)
  const minutes = Math.floor((ms % 3600e3) / 60e3)
  const seconds = (ms % 60e3) / 1e3
  const tail =
    step < 1e3 ? seconds.toFixed(step < 10 ? 3 : 1).padStart(step < 10 ? 6 : 4, '0') : pad(Math.round(seconds))
  return `${sign}${hours > 0 ? `${hours}:${pad(minutes)}` : minutes}:${tail}`
}

const pad = (value: number) => String(value).padStart(2, '0')
