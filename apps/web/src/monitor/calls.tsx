'use client'

import { ArrowDown, ArrowUp, Check, CircleDashed, CirclePlay, CircleSlash, X } from 'lucide-react'
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { cx } from '../lib/cx'
import { formatCount, formatDuration } from '../lib/format'
import { CALL_COLUMNS, type CallColumn, orderCalls } from './call-order'
import type { RunFeed } from './feed'
import { formatSize } from './format'
import { type RunModel, STATES } from './model'
import { totalOf } from './phases'
import type { ViewStore } from './store'
import { METRICS } from './summary'
import { Nothing } from './tables'

const ROW = 28
const SHOWN = 14
const SPARE = 6

const STATE_LOOKS = [
  { icon: CircleDashed, look: 'text-ink-2' },
  { icon: CirclePlay, look: 'text-info' },
  { icon: Check, look: 'text-ok' },
  { icon: X, look: 'text-bad' },
  { icon: CircleSlash, look: 'text-ink-2' },
] as const

/** Where a call is, as a sign and a word. */
export function StateCell({ state }: { state: number }) {
  const { icon: Icon, look } = STATE_LOOKS[state]!
  return (
    <span className={cx('inline-flex items-center gap-1', look)}>
      <Icon size={13} aria-hidden="true" />
      {STATES[state]}
    </span>
  )
}

const TEXT = new Set<CallColumn>(['job', 'state', 'worker'])

/** Every call as a line: the timeline in words. Only the lines in view are in the page. */
export function Calls({ feed, tick, view }: { feed: RunFeed; tick: number; view: ViewStore }) {
  const { model } = feed
  const { job, selected, window } = useStore(view)
  const [sort, setSort] = useState<{ column: CallColumn; descending: boolean }>({ column: 'call', descending: false })
  const [state, setState] = useState<(typeof STATES)[number]>()
  const [top, setTop] = useState(0)
  const box = useRef<HTMLElement>(null)
  // Re-sorting 100,000 rows four times a second would be felt: while the run moves, once a second is enough.
  const orderTick = feed.moving && model.rows > 5000 ? Math.floor(tick / 4) : tick
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutable; `orderTick` says when it changed
  const order = useMemo(
    () => orderCalls(model, { ...sort, state, job, window }, feed.now()),
    [model, feed, orderTick, sort, state, job, window],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new choice scrolls, not a new order
  useEffect(() => {
    if (selected === undefined || !box.current) return
    const at = order.indexOf(selected)
    const seen = Math.floor(box.current.scrollTop / ROW)
    if (at >= 0 && (at < seen || at > seen + SHOWN - 2)) box.current.scrollTop = Math.max(0, (at - 4) * ROW)
  }, [selected])
  const first = Math.max(0, Math.floor(top / ROW) - SPARE)
  const last = Math.min(order.length, first + SHOWN + 2 * SPARE)
  const now = feed.now()
  return (
    <div className="space-y-2">
      <fieldset aria-label="Filter calls by status" className="flex flex-wrap items-center gap-1 text-xs">
        {([undefined, ...STATES] as const).map((one) => {
          const count = one === undefined ? model.rows : model.counts[STATES.indexOf(one)]!
          if (one !== undefined && count === 0 && state !== one) return null
          return (
            <button
              key={one ?? 'all'}
              type="button"
              aria-pressed={state === one}
              onClick={() => setState(one)}
              className={cx(
                'min-h-[24px] rounded-full px-2.5 font-medium',
                state === one ? 'bg-accent text-accent-ink' : 'text-ink-2 hover:bg-line/60 hover:text-ink',
              )}
            >
              {one ?? 'all'} <span className="tabular">{formatCount(count)}</span>
            </button>
          )
        })}
        <span className="grow" />
        <span className="tabular text-ink-2">
          {formatCount(order.length)} calls{window && ' in the shown time'}
        </span>
      </fieldset>
      {order.length === 0 ? (
        <Nothing>No call matches.</Nothing>
      ) : (
        <section
          ref={box}
          aria-label="Calls"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          tabIndex={0}
          onScroll={(event) => setTop(event.currentTarget.scrollTop)}
          className="overflow-auto rounded-lg border border-line bg-surface"
          style={{ maxHeight: SHOWN * ROW + 29 }}
        >
          <table
            data-testid="calls-table"
            aria-rowcount={order.length + 1}
            className="tabular w-full border-collapse text-xs"
          >
            <thead className="sticky top-0 z-10 bg-sunken text-ink-2 shadow-[0_1px_0_var(--line)]">
              <tr aria-rowindex={1}>
                {(Object.keys(CALL_COLUMNS) as CallColumn[]).map((column) => (
                  <Head
                    key={column}
                    column={column}
                    order={sort.column === column ? (sort.descending ? 'descending' : 'ascending') : 'none'}
                    onSort={() =>
                      setSort({
                        column,
                        descending: sort.column === column ? !sort.descending : column !== 'call' && !TEXT.has(column),
                      })
                    }
                  />
                ))}
              </tr>
            </thead>
            <tbody>
              <Spacer height={first * ROW} />
              {Array.from(order.subarray(first, last), (row, i) => (
                <CallRow
                  key={row}
                  model={model}
                  row={row}
                  index={first + i + 2}
                  now={now}
                  selected={selected === row}
                  onOpen={() => view.setState({ selected: row })}
                />
              ))}
              <Spacer height={(order.length - last) * ROW} />
            </tbody>
          </table>
        </section>
      )}
    </div>
  )
}

/** Stands for the rows that are not in the page. */
function Spacer({ height }: { height: number }) {
  return height > 0 ? (
    <tr>
      <td colSpan={Object.keys(CALL_COLUMNS).length} style={{ height, padding: 0 }} />
    </tr>
  ) : null
}

function Head(props: { column: CallColumn; order: 'ascending' | 'descending' | 'none'; onSort: () => void }) {
  const { column, order, onSort } = props
  const Arrow = order === 'descending' ? ArrowDown : ArrowUp
  return (
    <th scope="col" aria-sort={order} className="p-0 font-medium">
      <button
        type="button"
        onClick={onSort}
        className={cx(
          'group flex h-7 w-full items-center gap-1 whitespace-nowrap px-2.5 hover:text-ink focus-visible:outline-offset-[-2px]',
          !TEXT.has(column) && 'justify-end',
          order !== 'none' && 'text-accent',
        )}
      >
        {CALL_COLUMNS[column].title}
        <Arrow size={12} aria-hidden="true" className={order === 'none' ? 'opacity-0 group-hover:opacity-60' : ''} />
      </button>
    </th>
  )
}

interface CallRowProps {
  model: RunModel
  row: number
  index: number
  now: number
  selected: boolean
  onOpen: () => void
}

function CallRow({ model, row, index, now, selected, onOpen }: CallRowProps) {
  const job = model.jobs[model.job.data[row]!]
  const worker = model.workers[model.worker.data[row]!]
  const duration = (value: number) => formatDuration(Number.isNaN(value) ? Number.NaN : value)
  const cell = (children: ReactNode, className?: string) => (
    <td className={cx('whitespace-nowrap px-2.5 text-right', className)}>{children}</td>
  )
  return (
    <tr
      aria-rowindex={index}
      aria-selected={selected}
      onClick={onOpen}
      style={{ height: ROW }}
      className={cx('cursor-pointer border-line border-b', selected ? 'bg-accent-soft' : 'hover:bg-sunken/70')}
    >
      {cell(
        <button
          type="button"
          onClick={onOpen}
          aria-label={`Open call ${row}`}
          className="inline-flex min-h-[24px] min-w-[24px] items-center justify-end rounded px-1 font-medium text-accent"
        >
          {row}
        </button>,
      )}
      {cell(
        <>
          <span className="font-mono">{job?.job}</span> <span className="font-mono text-ink-2">{job?.name}</span>
        </>,
        'text-left!',
      )}
      {cell(<StateCell state={model.state.data[row]!} />, 'text-left!')}
      {cell(duration(totalOf(model, row, now)))}
      {cell(duration(METRICS.run.of(model, row)))}
      {cell(
        <>
          {model.cold.data[row] === 1 && <span title="Cold start">❄ </span>}
          {duration(METRICS.setup.of(model, row))}
        </>,
      )}
      {cell(model.attempt.data[row]! || '–')}
      {cell(<span className="font-mono">{worker ?? '–'}</span>, 'max-w-40 truncate text-left!')}
      {cell(duration(model.cpuMs.data[row]!))}
      {cell(formatSize(model.peakRss.data[row]!))}
      {cell(formatSize(model.bytesOut.data[row]!))}
    </tr>
  )
}
