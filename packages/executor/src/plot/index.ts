/** Plots of runs: what Lithops' `plot()` draws, as SVG and as one HTML page, without anything to install. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { LoggedEvent } from '../events.js'
import { histogramSvg } from './histogram.js'
import { plotData } from './model.js'
import { escapeXml } from './svg.js'
import { timelineSvg } from './timeline.js'

export interface Plots {
  /** SVG: a row per call, a bar per phase. */
  timeline: string
  /** SVG: calls running at a time, and the distribution of run times. */
  histogram: string
  /** Both in one self-contained page. */
  html: string
}

/** Draws one run per list of events; several runs of one executor follow one another. */
export function plotsOf(runs: readonly Iterable<LoggedEvent>[]): Plots[] {
  return runs.map((events) => {
    const data = plotData(events)
    const [timeline, histogram] = [timelineSvg(data), histogramSvg(data)]
    const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeXml(data.title)}</title><meta name="color-scheme" content="light dark"><style>body{margin:2rem auto;max-width:60rem;display:grid;gap:2rem}</style><body>${timeline}${histogram}</body></html>\n`
    return { timeline, histogram, html }
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
