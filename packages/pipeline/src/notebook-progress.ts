/** In a notebook: a bar under the cell that runs the pipeline, and the kernel's interrupt as a wish to stop. */
import { PROGRESS_MIME, type ProgressOutput } from '@mayfly/executor/events'
import { kernelHost } from '@mayfly/executor/host'
import type { PipelineProgress, ProgressFeed } from './progress.js'

const INTERVAL_MS = 100

interface Bar {
  handle: { update(bundle: Record<string, unknown>): void }
  startedAt: number
  begun: number
  shownAt: number
}

/**
 * Shows each cell that runs stages one bar, which counts the stages' calls.
 * @returns a function that ends it
 */
export function showInNotebook(feed: ProgressFeed, onInterrupt: () => void): () => void {
  const host = kernelHost()
  if (!host) return () => {}
  const bars = new Map<string, Bar>()
  const off = feed.listen((progress) => {
    const cell = host.currentCell()
    if (!cell) return
    const key = `${cell.cellId ?? ''} ${cell.executionCount}`
    const now = performance.now()
    const bar = bars.get(key)
    if (!bar) {
      bars.clear()
      const times = { startedAt: Date.now(), begun: now, shownAt: now }
      bars.set(key, { handle: host.display(bundleOf(progress, times, now)), ...times })
    } else if (progress.state !== 'running' || now - bar.shownAt >= INTERVAL_MS) {
      bar.shownAt = now
      bar.handle.update(bundleOf(progress, bar, now))
    }
  })
  const offInterrupt = host.onInterrupt(onInterrupt)
  return () => {
    off()
    offInterrupt()
  }
}

function bundleOf(
  { stage, number, stages, state, done, total, remaining }: PipelineProgress,
  { startedAt, begun }: Pick<Bar, 'startedAt' | 'begun'>,
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
