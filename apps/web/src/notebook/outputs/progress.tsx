'use client'
import { useEffect, useState } from 'react'
import { z } from 'zod'
import { cx } from '../../lib/cx'
import { formatCount, formatDuration } from '../../lib/format'
import { useNotebook } from '../store'

export const ProgressSchema = z.object({
  label: z.string().default(''),
  done: z.number(),
  total: z.number().optional(),
  unit: z.literal('%').optional(),
  startedAt: z.number(),
  elapsedMs: z.number(),
  remainingMs: z.number().optional(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
})
export type ProgressData = z.infer<typeof ProgressSchema>

const BARS = { running: 'bg-accent', done: 'bg-ok', failed: 'bg-bad', cancelled: 'bg-control' }

/** A progress bar of a cell. It counts on between its updates while the cell runs. */
export function ProgressOutput({ progress, cellId }: { progress: ProgressData; cellId: string }) {
  const { label, done, total, unit, state } = progress
  const alive = useNotebook(({ cells }) => cells[cellId]?.state === 'running')
  const elapsed = useElapsed(progress, alive && state === 'running')
  const share = total !== undefined && total > 0 ? Math.max(0, Math.min(1, done / total)) : undefined
  const counts = total === undefined ? formatCount(done) : `${formatCount(done)} of ${formatCount(total)}`
  const left = state === 'running' ? remainingText(share, elapsed, progress.remainingMs) : undefined
  const words = [
    unit === undefined && counts,
    share !== undefined && `${Math.floor(share * 100)} %`,
    formatDuration(elapsed),
    left,
  ].filter(Boolean)
  const end = state === 'failed' ? 'failed' : state === 'cancelled' ? 'stopped' : undefined
  return (
    <div className="max-w-2xl text-[13px]" data-testid="progress" data-state={state}>
      <div className="mb-1 flex items-baseline gap-3">
        <span className="grow truncate font-medium">{label}</span>
        {end && <span className={cx('text-xs', state === 'failed' ? 'text-bad' : 'text-ink-2')}>{end}</span>}
        <span className="tabular whitespace-nowrap text-ink-2 text-xs">{words.join(' · ')}</span>
      </div>
      <div
        role="progressbar"
        aria-label={label || 'Progress of the cell'}
        aria-valuemin={0}
        aria-valuemax={total ?? undefined}
        // Without a value it is of unknown length.
        aria-valuenow={total === undefined && state === 'running' ? undefined : done}
        aria-valuetext={[...words, end].filter(Boolean).join(', ')}
        className="h-2 overflow-hidden rounded-full bg-line"
      >
        <div
          className={cx(
            'h-full rounded-full transition-[width] duration-150',
            BARS[state],
            share === undefined && state === 'running' && 'animate-pulse',
          )}
          style={{ width: share === undefined ? '100%' : `${share * 100}%` }}
        />
      </div>
    </div>
  )
}

/**
 * The time that is left, as a range and only after 10 % is done: before that it is a guess. The range narrows from −30 / +60 %
 * to nothing as the work nears its end.
 */
export function remainingText(share: number | undefined, elapsed: number, remaining?: number): string | undefined {
  if (share === undefined || share < 0.1 || share >= 1) return undefined
  const left = remaining ?? (elapsed * (1 - share)) / share
  const doubt = 1 - share
  const [low, high] = [left * (1 - 0.3 * doubt), left * (1 + 0.6 * doubt)].map(formatDuration)
  return low === high ? `${low} left` : `${low} – ${high} left`
}

/** The time since the start: the kernel's own at each update, counted on by this clock while `live`. */
function useElapsed(progress: ProgressData, live: boolean): number {
  const [extra, setExtra] = useState(0)
  useEffect(() => {
    setExtra(0)
    // Every update of the output makes a new object, and starts the count again.
    if (!live || !progress) return
    const since = performance.now()
    const timer = setInterval(() => setExtra(performance.now() - since), 1000)
    return () => clearInterval(timer)
  }, [progress, live])
  return progress.elapsedMs + extra
}
