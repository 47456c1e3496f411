/** The timeline of a run as SVG: a row per call, a bar per phase, a cross where an attempt failed. Pure. */
import { PHASES } from '../events.js'
import type { PlotAttempt, PlotData } from './model.js'
import { escapeXml, fixed, LEFT, picture, RIGHT, timeAxis, WIDTH } from './svg.js'

const TOP = 64
/** Rows are drawn at most this many; beyond, the attempt that ends last stands for those that share its row. */
const MOST_ROWS = 600
const MAX_ROW = 14

/** Draws `data`; each row is 1 to 14 px high, so that 600 rows fill 600 px. */
export function timelineSvg(data: PlotData): string {
  const rows = Math.max(1, Math.min(data.calls, MOST_ROWS))
  const height = Math.min(MAX_ROW, Math.max(1, 480 / rows)) * rows
  const bottom = TOP + height
  const span = Math.max(1, data.end - data.start)
  const x = (at: number) => LEFT + ((at - data.start) / span) * (WIDTH - LEFT - RIGHT)
  const paths: string[] = PHASES.map(() => '')
  let crosses = ''
  const perRow = Math.max(1, data.calls) / rows
  const row = height / rows
  const bar = Math.max(0.6, row - (row > 4 ? 2 : 0))
  for (const attempt of representatives(data, rows, perRow)) {
    const y = fixed(TOP + Math.floor(attempt.call / perRow) * row)
    for (const [phase, from, to] of spans(attempt)) {
      paths[phase] +=
        `M${fixed(x(from))} ${y}h${Math.max(0.5, fixed(x(to) - x(from)))}v${fixed(bar)}H${fixed(x(from))}z`
    }
    if (attempt.failedAt !== undefined) {
      const [cx, cy] = [fixed(x(attempt.failedAt)), fixed(y + bar / 2)]
      crosses += `M${cx - 3} ${cy - 3}l6 6m0-6l-6 6`
    }
  }
  let at = LEFT
  const legend = PHASES.map(({ title }, i) => {
    const key = `<rect class="p${i}" x="${at}" y="40" width="10" height="10"/><text x="${at + 14}" y="49">${escapeXml(title)}</text>`
    at += 34 + title.length * 7
    return key
  }).join('')
  const failed = data.attempts.filter(({ failedAt }) => failedAt !== undefined).length
  const label = `Timeline of ${data.title}: ${data.calls} calls in ${fixed(span / 1000)} s, ${failed} failed attempts`
  const bars = paths.map((d, i) => (d ? `<path class="p${i}${i === 0 ? ' w' : ''}" d="${d}"/>` : '')).join('')
  return picture(
    bottom + 32,
    label,
    `<text class="t" x="${LEFT}" y="24">${escapeXml(data.title)}</text>${legend}${timeAxis(span, TOP, bottom)}${jobNames(data, row / perRow)}${bars}<path class="x" d="${crosses}"/>`,
  )
}

/** Per row and attempt number the attempt that ends last; all of them when each call has its own row. */
function representatives(data: PlotData, rows: number, perRow: number): PlotAttempt[] {
  if (perRow <= 1) return data.attempts
  const best = new Map<number, PlotAttempt>()
  for (const attempt of data.attempts) {
    const key = (attempt.attempt - 1) * rows + Math.floor(attempt.call / perRow)
    const other = best.get(key)
    if (!other || lastOf(attempt) > lastOf(other)) best.set(key, attempt)
  }
  return [...best.values()]
}

function lastOf({ bounds, failedAt }: PlotAttempt): number {
  return bounds.reduce((last, at) => (at > last ? at : last), failedAt ?? 0)
}

/** Phase, from, to; a failed attempt's last phase ends where it failed. Boundaries that were not seen are passed over. */
export function spans({ bounds, failedAt }: PlotAttempt): [number, number, number][] {
  const found: [number, number, number][] = []
  let phase = -1
  let from = Number.NaN
  for (const [i, at] of bounds.entries()) {
    if (Number.isNaN(at)) continue
    if (phase >= 0 && at >= from) found.push([phase, from, at])
    phase = Math.min(i, PHASES.length - 1)
    from = at
  }
  if (failedAt !== undefined && phase >= 0 && failedAt > from) found.push([phase, from, failedAt])
  return found
}

/** The jobs along the left side, where there is room. */
function jobNames(data: PlotData, perCall: number): string {
  let free = TOP
  return data.jobs
    .map(({ id, name, first }) => {
      const y = Math.max(free, TOP + first * perCall) + 10
      free = y + 6
      return `<text class="f" x="${LEFT - 8}" y="${fixed(y)}" text-anchor="end">${escapeXml(id)}<title>${escapeXml(name)}</title></text>`
    })
    .join('')
}
