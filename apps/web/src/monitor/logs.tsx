'use client'

import { useState } from 'react'
import { cx } from '../lib/cx'
import { formatCount } from '../lib/format'
import type { RunFeed } from './feed'
import type { LogLine } from './model'
import { tickLabel } from './scale'
import type { ViewStore } from './store'
import { Nothing, TextButton } from './tables'

const MOST_LINES = 1000

/** What the calls printed, oldest first, the newest thousand chunks. */
export function Logs({ feed, view }: { feed: RunFeed; view: ViewStore }) {
  const [find, setFind] = useState('')
  const { model } = feed
  const needle = find.trim().toLowerCase()
  const found = needle === '' ? model.logs : model.logs.filter(({ text }) => text.toLowerCase().includes(needle))
  const total = found.length + (needle === '' ? model.logsDropped : 0)
  if (model.logs.length === 0) {
    return <Nothing>What your function prints with console.log appears here, with its call.</Nothing>
  }
  return (
    <div className="space-y-2">
      <div className="flex items-center gap-3 text-xs">
        <input
          value={find}
          onChange={(event) => setFind(event.target.value)}
          placeholder="Find in logs"
          aria-label="Find in logs"
          className="h-7 w-64 rounded-md border border-line-strong bg-surface px-2 placeholder:text-ink-2"
        />
        <span className="tabular text-ink-2">
          {total > MOST_LINES ? `the last ${formatCount(MOST_LINES)} of ${formatCount(total)}` : formatCount(total)}{' '}
          lines
        </span>
      </div>
      <LogList
        lines={found.slice(-MOST_LINES)}
        start={model.start}
        onOpen={(selected) => view.setState({ selected })}
      />
    </div>
  )
}

/** Log lines with their time from the start of the run; `onOpen` links each to its call. */
export function LogList(props: { lines: LogLine[]; start: number; onOpen?: (call: number) => void; short?: boolean }) {
  const { lines, start, onOpen, short } = props
  return (
    <section
      aria-label="Log lines"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
      className={cx(
        'overflow-auto rounded-lg border border-line bg-surface py-1 font-mono text-xs',
        short ? 'max-h-40' : 'max-h-96',
      )}
    >
      {lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
        <div key={i} className="flex gap-2 px-2 leading-5">
          <span className="tabular shrink-0 text-ink-2">{tickLabel(line.at - start, 10)}</span>
          {onOpen && (
            <span className="shrink-0">
              <TextButton label={`Open call ${line.call}`} onClick={() => onOpen(line.call)}>
                {line.call}
              </TextButton>
            </span>
          )}
          {line.stream === 'stderr' && <span className="shrink-0 text-warn">err</span>}
          <span className="whitespace-pre-wrap break-all">{line.text.replace(/\n$/, '')}</span>
        </div>
      ))}
    </section>
  )
}
