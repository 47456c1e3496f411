import { cx } from '../lib/cx'
import { formatCount } from '../lib/format'
import { S } from './model'

const PARTS = [
  { state: S.done, title: 'done', colour: 'var(--ok)' },
  { state: S.running, title: 'running', colour: 'var(--phase-4)' },
  { state: S.failed, title: 'failed', colour: 'var(--phase-failed)' },
  { state: S.cancelled, title: 'cancelled', colour: 'var(--phase-cancelled)' },
  { state: S.waiting, title: 'waiting', colour: 'var(--line-strong)' },
] as const

/** Calls by state as one bar; the words are beside it (`Counts`). `counts` is indexed by `S`. */
export function SegmentedProgress({
  counts,
  label,
  thin,
}: {
  counts: readonly number[]
  label: string
  thin?: boolean
}) {
  const total = counts.reduce((a, b) => a + b, 0)
  const settled = counts[S.done]! + counts[S.failed]! + counts[S.cancelled]!
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={total}
      aria-valuenow={settled}
      aria-valuetext={`${settled} of ${total} calls have ended${counts[S.failed]! > 0 ? `, ${counts[S.failed]} failed` : ''}`}
      className={cx('flex w-full gap-px overflow-hidden rounded-full bg-sunken', thin ? 'h-1.5' : 'h-2.5')}
    >
      {PARTS.map(({ state, title, colour }) => {
        const share = total > 0 ? (counts[state]! / total) * 100 : 0
        // A single failed call among thousands must still be seen.
        const least = share > 0 && state === S.failed ? '3px' : undefined
        return share > 0 ? (
          <div
            key={title}
            style={{
              width: `${share}%`,
              minWidth: least,
              background: colour,
              backgroundImage: state === S.failed ? STRIPES : undefined,
            }}
          />
        ) : null
      })}
    </div>
  )
}

const STRIPES = 'repeating-linear-gradient(135deg, transparent 0 3px, rgb(255 255 255 / 0.35) 3px 5px)'

/** The same numbers in words, each with its mark. Zeros are left out, but for `done`. */
export function Counts({ counts, className }: { counts: readonly number[]; className?: string }) {
  return (
    <ul className={cx('tabular flex flex-wrap gap-x-3 gap-y-0.5 text-ink-2 text-xs', className)}>
      {PARTS.filter(({ state }) => state === S.done || counts[state]! > 0).map(({ state, title, colour }) => (
        <li key={title} className="inline-flex items-center gap-1.5 whitespace-nowrap">
          <span aria-hidden="true" className="size-2 rounded-[2px]" style={{ background: colour }} />
          <span>
            <span className={cx('font-medium', state === S.failed ? 'text-bad' : 'text-ink')}>
              {formatCount(counts[state]!)}
            </span>{' '}
            {title}
          </span>
        </li>
      ))}
    </ul>
  )
}
