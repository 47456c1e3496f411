/** In a notebook: a bar under a cell that runs the pipeline, and the kernel's interrupt as a wish to stop. */
import { PROGRESS_MIME, type ProgressOutput } from '@mayfly/executor/events'
import { kernelHost } from '@mayfly/executor/host'
import type { PipelineProgress, ProgressFeed, Stage } from './progress.js'

const INTERVAL_MS = 100

/** What the feed told in one cell. */
interface Shown {
  cell: string
  /** The first stage, whose maps show themselves: a bar is for a cell that runs several. */
  first: Stage
  startedAt: number
  begun: number
  shownAt: number
  bar?: { update(bundle: Record<string, unknown>): void }
}

/**
 * Shows each cell that runs several stages one bar, which grows once from the first of them to the last.
 * @returns a function that ends it
 */
export function showInNotebook(feed: ProgressFeed, onInterrupt: () => void): () => void {
  const host = kernelHost()
  if (!host) return () => {}
  let shown: Shown | undefined
  const off = feed.listen((progress) => {
    const running = host.currentCell()
    if (!running) return
    const cell = `${running.cellId ?? ''} ${running.executionCount}`
    const now = performance.now()
    if (shown?.cell !== cell) shown = { cell, first: progress.stage, startedAt: Date.now(), begun: now, shownAt: 0 }
    if (progress.stage === shown.first) return
    if (progress.state === 'running' && now - shown.shownAt < INTERVAL_MS) return
    shown.shownAt = now
    const bundle = bundleOf(progress, shown, now)
    if (shown.bar) shown.bar.update(bundle)
    else shown.bar = host.display(bundle)
  })
  const offInterrupt = host.onInterrupt(onInterrupt)
  return () => {
    off()
    offInterrupt()
  }
}

/** The bar is that of all the stages the cell waits for, in percent; its label says which is at work. */
function bundleOf(
  { stage, number, stages, state, done, total, unit, whole }: PipelineProgress,
  { startedAt, begun }: Shown,
  now: number,
): Record<string, unknown> {
  const over = state !== 'failed' && state !== 'cancelled' && whole?.share === 1
  const of = over ? 'done' : state === 'cached' ? 'from cache' : total > 0 ? `${done} of ${total} ${unit}` : ''
  const output: ProgressOutput = {
    label: `${stage} (${number} of ${stages})${of && `: ${of}`}`,
    ...{ done: Math.floor(100 * (whole?.share ?? 0)), startedAt, elapsedMs: Math.round(now - begun) },
    state: state === 'failed' || state === 'cancelled' ? state : over ? 'done' : 'running',
    ...(whole ? { total: 100, unit: '%' as const, remainingMs: Math.round(whole.remaining * 1000) } : {}),
  }
  return { [PROGRESS_MIME]: output, 'text/plain': output.label }
}
