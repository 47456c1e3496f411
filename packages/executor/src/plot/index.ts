/** Plots of runs: what Lithops' `plot()` draws, as SVG and as one HTML page, without anything to install. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { LoggedEvent } from '../events.js'
import { histogramSvg } from './histogram.js'
import { plotData } from './model.js'
import { escapeXml } from './svg.js'
import { timelineSvg } from './timeline.js'

const DISPLAY: unique symbol = Symbol.for('mayfly.display') as never

export interface Plots {
  /** SVG: a row per call, a bar per phase. */
  timeline: string
  /** SVG: calls running at a time, and the distribution of run times. */
  histogram: string
  /** Both in one self-contained page. */
  html: string
  /** How a notebook shows them. */
  [DISPLAY](): Record<string, string>
}

/** Draws a run. */
export function plotsOf(events: Iterable<LoggedEvent>): Plots {
  const data = plotData(events)
  const [timeline, histogram] = [timelineSvg(data), histogramSvg(data)]
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeXml(data.title)}</title><meta name="color-scheme" content="light dark"><style>body{margin:2rem auto;max-width:60rem;display:grid;gap:2rem}</style><body>${timeline}${histogram}</body></html>\n`
  const bundle = { 'text/html': timeline + histogram, 'text/plain': `Plots of ${data.title}: ${data.calls} calls` }
  return { timeline, histogram, html, [DISPLAY]: () => bundle }
}

/** The events of several runs of one executor as those of one: calls are numbered on. */
export function joinRuns(runs: readonly LoggedEvent[][]): LoggedEvent[] {
  let calls = 0
  return runs.flatMap((events) => {
    const before = calls
    return events.map((event) => {
      if (event.type === 'job.created') {
        calls = Math.max(calls, before + event.first + event.total)
        return { ...event, first: before + event.first }
      }
      return 'call' in event ? { ...event, call: before + event.call } : event
    })
  })
}

/** Writes `<dst>_timeline.svg`, `<dst>_histogram.svg` and `<dst>.html`; returns the paths. */
export async function writePlots({ timeline, histogram, html }: Plots, dst: string): Promise<string[]> {
  const base = resolve(dst)
  await mkdir(dirname(base), { recursive: true })
  const files: [string, string][] = [
    [`${base}_timeline.svg`, timeline],
    [`${base}_histogram.svg`, histogram],
    [`${base}.html`, html],
  ]
  await Promise.all(files.map(([path, text]) => writeFile(path, text)))
  return files.map(([path]) => path)
}
