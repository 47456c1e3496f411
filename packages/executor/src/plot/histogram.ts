/** How many calls ran at a time, and how long they ran, as one SVG. Pure. */
import type { PlotAttempt, PlotData } from './model.js'
import { countAxis, escapeXml, fixed, LEFT, picture, RIGHT, short, ticks, timeAxis, WIDTH } from './svg.js'

const STARTED = 4
const ENDED = 5
const TOP = 44
const HEIGHT = 200
const GAP = 92
const BINS = 40

/** Steps of the number of calls that run: `[time, count]`, in order of time. */
export function activeCalls(attempts: readonly PlotAttempt[]): [number, number][] {
  const changes: [number, number][] = []
  for (const { bounds, failedAt } of attempts) {
    const end = Number.isNaN(bounds[ENDED]!) ? failedAt : bounds[ENDED]!
    if (Number.isNaN(bounds[STARTED]!) || end === undefined) continue
    changes.push([bounds[STARTED]!, 1], [end, -1])
  }
  changes.sort((a, b) => a[0] - b[0] || b[1] - a[1])
  const steps: [number, number][] = []
  let count = 0
  for (const [at, change] of changes) {
    count += change
    if (steps.at(-1)?.[0] === at) steps.at(-1)![1] = count
    else steps.push([at, count])
  }
  return steps
}

/** Run times of attempts that came to their end, ms. */
export function runTimes(attempts: readonly PlotAttempt[]): number[] {
  return attempts.map(({ bounds }) => bounds[ENDED]! - bounds[STARTED]!).filter((ms) => ms >= 0)
}

export function histogramSvg(data: PlotData): string {
  const bottom = TOP + HEIGHT
  const steps = activeCalls(data.attempts)
  const most = Math.max(1, ...steps.map(([, count]) => count))
  const span = Math.max(1, data.end - data.start)
  const y = (count: number) => fixed(bottom - (count / most) * HEIGHT)
  const x = (at: number) => fixed(LEFT + ((at - data.start) / span) * (WIDTH - LEFT - RIGHT))
  const area = steps.map(([at, count]) => `H${x(at)}V${y(count)}`).join('')
  const first = steps[0] ? `M${x(steps[0][0])} ${bottom}${area}V${bottom}z` : ''
  const second = durations(runTimes(data.attempts), bottom + GAP)
  return picture(
    bottom + GAP + HEIGHT + 40,
    `Calls running at a time in ${data.title}, at most ${most}; below, how long they ran`,
    `<text class="t" x="${LEFT}" y="24">Calls running at a time · ${escapeXml(data.title)}</text>${timeAxis(span, TOP, bottom)}${countAxis(most, TOP, bottom)}<path class="p4" d="${first}"/>${second}`,
  )
}

function durations(times: number[], top: number): string {
  const title = `<text class="t" x="${LEFT}" y="${top - 20}">Run time of calls</text>`
  if (times.length === 0) return `${title}<text class="f" x="${LEFT}" y="${top + 20}">No call has ended.</text>`
  const longest = Math.max(...times)
  const scale = ticks(longest, 8)
  const max = Math.max(longest, 1e-3)
  const bins = new Float64Array(BINS)
  for (const ms of times) bins[Math.min(BINS - 1, Math.floor((ms / max) * BINS))]!++
  const most = Math.max(...bins)
  const width = (WIDTH - LEFT - RIGHT) / BINS
  const bottom = top + HEIGHT
  const bars = [...bins].map((count, i) =>
    count === 0
      ? ''
      : `M${fixed(LEFT + i * width)} ${bottom}v${-fixed((count / most) * HEIGHT)}h${fixed(width - 1)}V${bottom}z`,
  )
  const labels = scale.map(
    (ms) =>
      `<text class="f" x="${fixed(LEFT + (ms / max) * (WIDTH - LEFT - RIGHT))}" y="${bottom + 18}" text-anchor="middle">${ms >= 1000 ? `${short(ms / 1000)} s` : `${short(ms)} ms`}</text>`,
  )
  return `${title}${countAxis(most, top, bottom)}${labels.join('')}<path class="p4" d="${bars.join('')}"/>`
}
