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
 * Shows each cell that runs several stages one bar, which counts the calls of the stage at work.
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

function bundleOf(
  { stage, number, stages, state, done, total, remaining }: PipelineProgress,
  { startedAt, begun }: Shown,
  now: number,
): Record<string, unknown> {
  const cached = state === 'cached' ? ', from cache' : ''
  const output: ProgressOutput = {
    label: `${stage} (${number} of ${stages}${cached})`,
    ...{ done, startedAt, elapsedMs: Math.round(now - begun), state: state === 'cached' ? 'done' : state },
    ...(total > 0 ? { total } : {}),
    ...(remaining === undefined ? {} : { remainingMs: Math.round(remaining * 1000) }),
  }
  return { [PROGRESS_MIME]: output, 'text/plain': `${output.label}: ${done} of ${total} calls` }
}
