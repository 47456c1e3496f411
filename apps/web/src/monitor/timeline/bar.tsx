'use client'

import { Keyboard, Maximize2, Radio } from 'lucide-react'
import { useState } from 'react'
import { useStore } from 'zustand'
import { cx } from '../../lib/cx'
import { Button, IconButton } from '../../ui/button'
import { Dialog } from '../../ui/dialog'
import { Keys } from '../../ui/keys'
import type { RunFeed } from '../feed'
import { SHORTCUTS } from '../shortcuts'
import type { ViewStore } from '../store'
import { Legend } from './legend'
import { SORTS, type Sort } from './rows'

/** What is above the timeline: legend, order, filter, and the way back to the whole run. */
export function TimelineBar({ feed, view }: { feed: RunFeed; view: ViewStore }) {
  const { sort, errorsOnly, job, window, rowHeight } = useStore(view)
  const [help, setHelp] = useState(false)
  const zoomed = window !== undefined || rowHeight !== undefined
  const fit = () => view.setState({ window: undefined, rowHeight: undefined, scroll: 0 })
  const only = job === undefined ? undefined : feed.model.jobs[job]
  return (
    <div className="mt-3 mb-1 flex flex-wrap items-center gap-x-3 gap-y-1 border-line border-t pt-2">
      <h2 className="font-medium text-xs">Timeline</h2>
      <Legend />
      <span className="grow" />
      {only && (
        <Button tone="quiet" className="h-[24px]" onClick={() => view.setState({ job: undefined })}>
          only {only.job} {only.name} ×
        </Button>
      )}
      <fieldset aria-label="Order of the rows" className="flex rounded-md border border-line p-px">
        {(Object.keys(SORTS) as Sort[]).map((id) => (
          <button
            key={id}
            type="button"
            aria-pressed={sort === id}
            onClick={() => view.setState({ sort: id, scroll: 0 })}
            className={cx(
              'min-h-[24px] rounded-[5px] px-2 text-xs',
              sort === id ? 'bg-accent-soft font-medium text-accent' : 'text-ink-2 hover:text-ink',
            )}
          >
            {SORTS[id]}
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        aria-pressed={errorsOnly}
        onClick={() => view.setState({ errorsOnly: !errorsOnly, scroll: 0 })}
        className={cx(
          'min-h-[24px] rounded-md px-2 text-xs',
          errorsOnly ? 'bg-bad-soft font-medium text-bad' : 'text-ink-2 hover:bg-line/60 hover:text-ink',
        )}
      >
        Errors only
      </button>
      {feed.moving &&
        (zoomed ? (
          <Button tone="plain" className="h-[24px] px-2 text-xs!" onClick={fit}>
            <Radio size={13} aria-hidden="true" /> Back to live
          </Button>
        ) : (
          <span className="inline-flex h-6 items-center gap-1.5 rounded-full bg-bad-soft px-2 font-medium text-bad text-xs">
            <span aria-hidden="true" className="mon-live-dot size-1.5 rounded-full bg-bad" /> Live
          </span>
        ))}
      <IconButton small label="Fit the whole run" keys="0" disabled={!zoomed} onClick={fit}>
        <Maximize2 size={14} />
      </IconButton>
      <IconButton small label="Keys of this page" onClick={() => setHelp(true)}>
        <Keyboard size={15} />
      </IconButton>
      <Dialog open={help} onOpenChange={setHelp} title="Keys and gestures">
        <ul className="grid gap-x-8 gap-y-1.5 text-[13px] sm:grid-cols-2">
          {SHORTCUTS.map(({ keys, title }) => (
            <li key={keys} className="flex items-center justify-between gap-3">
              {title} <Keys keys={keys} />
            </li>
          ))}
        </ul>
        <p className="mt-4 text-[13px] text-ink-2">
          Wheel or pinch zooms time at the pointer, with Shift the rows. Drag pans, Shift-drag selects a stretch of
          time, a click opens a call, a double click fits the run.
        </p>
      </Dialog>
    </div>
  )
}
