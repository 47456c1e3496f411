'use client'

import Link from 'next/link'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { cx } from '../lib/cx'
import { chordOf } from '../lib/hotkeys'
import { Banner, EmptyState } from '../ui/panel'
import { Tabs } from '../ui/tabs'
import { Calls } from './calls'
import { Concurrency } from './concurrency'
import { CallDetail } from './detail'
import { failureGroupsOf, stragglersOf } from './diagnosis'
import type { RunFeed } from './feed'
import { Failures, Stragglers } from './findings'
import { useConnected, useFeed, useTick } from './hooks'
import { Logs } from './logs'
import { Resources } from './resources'
import { RunHeader } from './run-header'
import type { TimeWindow } from './scale'
import { Settings } from './settings'
import { isTyping, SHORTCUTS } from './shortcuts'
import { Stages } from './stages'
import { createView, fromQuery, type TabId, toQuery, type ViewStore } from './store'

import { TimelineBar } from './timeline/bar'
import { Timeline } from './timeline/timeline'
import './monitor.css'

/** The page of one run: live while it goes on, and the same from the log ever after. */
export function RunPage({ runId }: { runId: string }) {
  const feed = useFeed(runId)
  const tick = useTick(feed)
  const [view] = useState(() => createView())
  useLinkedView(feed, view, tick)
  const status = feed.state === 'missing' ? 'missing' : feed.model.seq === 0 ? 'loading' : feed.model.status
  return (
    <main data-testid="run-page" data-status={status} className="mx-auto max-w-[1760px] px-6 pt-5 pb-16">
      {status === 'missing' ? (
        <>
          <h1 className="sr-only">Run {runId}</h1>
          <EmptyState
            title="There is no such run"
            action={
              <Link href="/runs" className="font-medium text-accent">
                All runs
              </Link>
            }
          >
            Its log is not in this workspace: it was deleted, or the link belongs to another one.
          </EmptyState>
        </>
      ) : status === 'loading' ? (
        <Loading />
      ) : (
        <Content feed={feed} view={view} tick={tick} />
      )}
    </main>
  )
}

function Loading() {
  return (
    <div role="status" className="space-y-4">
      <span className="sr-only">Reading the log of the run</span>
      <div className="h-7 w-72 rounded-md bg-line/60" />
      <div className="h-2.5 rounded-full bg-line/60" />
      <div className="h-24 rounded-lg bg-line/40" />
      <div className="h-96 rounded-lg bg-line/40" />
    </div>
  )
}

function Content({ feed, view, tick }: { feed: RunFeed; view: ViewStore; tick: number }) {
  const { model } = feed
  const { window: chosen, selected, tab } = useStore(view)
  const connected = useConnected()
  const limits = useCallback(() => wholeRun(feed), [feed])
  const windowNow = useCallback(() => view.getState().window ?? wholeRun(feed), [feed, view])
  useShortcuts(feed, view, windowNow, limits)
  const shown = chosen ?? wholeRun(feed)
  const onSelect = useCallback((window: TimeWindow) => view.setState({ window }), [view])
  const failures = model.failures.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is mutable and known by its length
  const failureGroups = useMemo(() => failureGroupsOf(model).length, [model, failures])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutable; `tick` says when it changed
  const stragglers = useMemo(() => stragglersOf(model, feed.now()).length, [model, tick])
  const valid = selected !== undefined && selected < model.rows
  return (
    <>
      {!connected && model.status === 'running' && (
        <div className="mb-4">
          <Banner tone="warn">
            Disconnected. The run goes on; this page catches up when the server answers again.
          </Banner>
        </div>
      )}
      <RunHeader feed={feed} />
      <div className={cx('mt-5 grid gap-5', valid && 'xl:grid-cols-[minmax(0,1fr)_23rem]')}>
        <div className="min-w-0 space-y-5">
          <section aria-label="Execution" className="rounded-lg border border-line bg-surface px-4 pt-3 pb-4">
            <Concurrency feed={feed} tick={tick} window={shown} onSelect={onSelect} />
            <TimelineBar feed={feed} view={view} />
            <Timeline feed={feed} view={view} tick={tick} windowNow={windowNow} limits={limits} />
            <div className="mt-4 border-line border-t pt-3">
              <Resources
                feed={feed}
                tick={tick}
                window={shown}
                selected={valid ? selected : undefined}
                onSelect={onSelect}
              />
            </div>
          </section>
          <Tabs
            label="Details of the run"
            value={tab}
            onChange={(id) => view.setState({ tab: id as TabId })}
            tabs={[
              {
                id: 'stages',
                title: 'Stages',
                count: model.jobs.length,
                content: <Stages feed={feed} tick={tick} view={view} />,
              },
              {
                id: 'calls',
                title: 'Calls',
                count: model.rows,
                content: <Calls feed={feed} tick={tick} view={view} />,
              },
              {
                id: 'stragglers',
                title: 'Stragglers',
                count: stragglers,
                content: <Stragglers feed={feed} tick={tick} view={view} />,
              },
              {
                id: 'failures',
                title: 'Failures',
                count: failureGroups,
                content: <Failures feed={feed} tick={tick} view={view} />,
              },
              {
                id: 'logs',
                title: 'Logs',
                count: model.logs.length + model.logsDropped,
                content: <Logs feed={feed} view={view} />,
              },
              { id: 'settings', title: 'Settings', content: <Settings feed={feed} /> },
            ]}
          />
        </div>
        {valid && (
          <div className="fixed top-11 right-0 bottom-0 z-20 w-[23rem] max-w-full overflow-y-auto bg-surface shadow-float xl:sticky xl:top-14 xl:bottom-auto xl:z-auto xl:max-h-[calc(100dvh-4.5rem)] xl:w-auto xl:self-start xl:bg-transparent xl:shadow-none">
            <CallDetail feed={feed} row={selected} onClose={() => view.setState({ selected: undefined })} />
          </div>
        )}
      </div>
    </>
  )
}

/** All of the run up to now, with a little room for what comes next. */
function wholeRun(feed: RunFeed): TimeWindow {
  const { start } = feed.model
  const end = Math.max(feed.now(), start + 20)
  return { from: start, to: end + (end - start) * (feed.moving ? 0.03 : 0.005) }
}

function useShortcuts(feed: RunFeed, view: ViewStore, windowNow: () => TimeWindow, limits: () => TimeWindow): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || isTyping(event.target)) return
      const shortcut = SHORTCUTS.find(({ keys }) => keys === chordOf(event))
      if (!shortcut) return
      event.preventDefault()
      shortcut.run({ feed, view, windowNow, limits })
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [feed, view, windowNow, limits])
}

/** Keeps the view in the address, so that a link restores it. The window can be read only once the run's start is known. */
function useLinkedView(feed: RunFeed, view: ViewStore, tick: number): void {
  const restored = useRef(false)
  const { start } = feed.model
  // biome-ignore lint/correctness/useExhaustiveDependencies: the start is known after some tick
  useEffect(() => {
    if (restored.current || Number.isNaN(start)) return
    restored.current = true
    const { offsets, selected, tab } = fromQuery(window.location.search)
    view.setState({
      ...(offsets ? { window: { from: start + offsets.from, to: start + offsets.to } } : {}),
      ...(selected === undefined ? {} : { selected }),
      ...(tab ? { tab } : {}),
    })
  }, [start, view, tick])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const leave = view.subscribe((state) => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        const query = toQuery(state, feed.model.start)
        window.history.replaceState(null, '', query ? `?${query}` : window.location.pathname)
      }, 300)
    })
    return () => {
      leave()
      clearTimeout(timer)
    }
  }, [feed, view])
}
