import { PHASES } from '@mayfly/executor/events'
import { cx } from '../../lib/cx'
import { formatDuration } from '../../lib/format'
import type { RunFeed } from '../feed'
import { STATES } from '../model'
import { segmentsOf, totalOf } from '../phases'
import type { Hit } from './hit'

const WIDE = 268

/** What is under the pointer: the call, its phases with their durations, and what the phase pointed at means. */
export function HoverCard(props: { feed: RunFeed; hit: Hit; x: number; y: number; width: number }) {
  const { feed, hit, x, y, width } = props
  const { model } = feed
  const now = feed.now()
  const segments = segmentsOf(model, hit.row, now)
  const attempt = model.attempt.data[hit.row]!
  const worker = model.workers[model.worker.data[hit.row]!]
  return (
    <div
      aria-hidden="true"
      className="pointer-events-none absolute z-20 rounded-lg border border-line bg-raised p-2.5 text-xs shadow-float"
      style={{ width: WIDE, left: x + 16 + WIDE > width ? Math.max(0, x - WIDE - 16) : x + 16, top: y + 14 }}
    >
      <p className="mb-1.5 flex items-baseline gap-2">
        <span className="font-semibold">Call {hit.row}</span>
        <span className="text-ink-2">
          {STATES[model.state.data[hit.row]!]}
          {attempt > 1 && `, attempt ${attempt}`}
        </span>
        <span className="tabular ml-auto font-medium">{formatDuration(totalOf(model, hit.row, now))}</span>
      </p>
      <ul>
        {segments.map(({ phase, from, to, open }) => (
          <li
            key={phase}
            className={cx(
              'flex items-center gap-2 rounded px-1 py-px',
              hit.segment?.phase === phase ? 'bg-sunken font-medium' : 'text-ink-2',
            )}
          >
            <span className="size-2 shrink-0 rounded-[2px]" style={{ background: `var(--phase-${phase})` }} />
            {PHASES[phase]!.title}
            <span className="tabular ml-auto">
              {formatDuration(to - from)}
              {open && ' …'}
            </span>
          </li>
        ))}
      </ul>
      {hit.segment && (
        <p className="mt-1.5 border-line border-t pt-1.5 text-ink-2">{PHASES[hit.segment.phase]!.help}</p>
      )}
      {worker && (
        <p className="mt-1 truncate text-ink-2">
          on {worker}
          {model.cold.data[hit.row] ? ', started for this call' : ''}
        </p>
      )}
    </div>
  )
}
