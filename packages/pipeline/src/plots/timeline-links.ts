/** From the steps of a pipeline to their timelines. Pure. */
import type { StatsRow } from '../types.js'

/** Markdown: a link to the run page for every step whose calls are on record there; empty when there is none. */
export function timelineLinks(stats: readonly StatsRow[]): string {
  const steps = new Map<string, string[]>()
  for (const { Function: name, Run } of stats) if (Run !== undefined) steps.set(Run, [...(steps.get(Run) ?? []), name])
  const links = [...steps].map(([run, names]) => `[${names.join(', ')}](/runs/${encodeURIComponent(run)})`)
  return links.length === 0 ? '' : `Timelines: ${links.join(' · ')}`
}
