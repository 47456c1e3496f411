'use client'

import type { RunOutput } from '@mayfly/executor/events'
import Link from 'next/link'
import { useEffect, useMemo, useState } from 'react'
import { announce } from '../lib/announce'
import { formatCount, formatDuration, plural } from '../lib/format'
import type { RunFeed } from './feed'
import { formatMoney } from './format'
import { useFeed, useTick, useWidth } from './hooks'
import { S } from './model'
import { Counts, SegmentedProgress } from './progress'
import { StatusBadge } from './status'
import { budgetOf, costOf, countsOf, isLambda, remainingOf, spanOf } from './summary'
import { failuresByCall, paint } from './timeline/paint'
import { fitRows, laneRows, orderRows, pickRows } from './timeline/rows'
import { useCanvas } from './timeline/use-canvas'
import './monitor.css'

/** The 96-pixel strip in a cell's output that stands for one job: live while it runs, from the log or the notebook later. */
export function RunStrip({ output }: { output: RunOutput }) {
  const [near, ref] = useNearViewport()
  // Strips of jobs that had ended before, far down a long notebook, need no connection.
  const [live] = useState(output.summary === undefined)
  const feed = useFeed(output.runId, near || live)
  useTick(feed)
  return (
    <div ref={ref}>
      <StripView feed={feed} output={output} />
    </div>
  )
}

interface StripFacts {
  counts: number[]
  status: 'running' | 'done' | 'failed' | 'cancelled' | 'lost'
  elapsed: number
  left: [number, number] | undefined
  /** On the run's own backend, and on Lambda, US dollars. */
  cost: number
  lambdaCost: number
  /** The run pays Lambda's prices. */
  paid: boolean
  budget: number | undefined
  job: number
}

/** What the strip says: from the model when it knows the job, else from what the notebook saved. */
export function stripFacts(feed: Pick<RunFeed, 'model' | 'now'>, output: RunOutput): StripFacts | undefined {
  const { model } = feed
  const job = model.jobs.findIndex((one) => one.job === output.job)
  const over = model.jobs[job]?.finishedAt !== undefined || model.status !== 'running'
  // The cell may know of the end before the log's last lines are here.
  if (output.summary && (job < 0 || !over)) {
    const { total, done, failed, elapsedMs, cost, lambdaCost } = output.summary
    const cancelled = Math.max(0, total - done - failed)
    const status = failed > 0 ? 'failed' : cancelled > 0 ? 'cancelled' : 'done'
    return {
      counts: [0, 0, done, failed, cancelled],
      status,
      elapsed: elapsedMs,
      left: undefined,
      cost,
      lambdaCost,
      paid: cost > 0,
      budget: undefined,
      job,
    }
  }
  if (job < 0) return
  const now = feed.now()
  const counts = countsOf(model, job)
  const finishedAt = model.jobs[job]!.finishedAt
  const { from, to } = spanOf(model, job, now)
  const open = counts[S.waiting]! + counts[S.running]!
  const status = !over
    ? 'running'
    : model.status === 'lost' && open > 0
      ? 'lost'
      : counts[S.failed]! > 0
        ? 'failed'
        : counts[S.cancelled]! + open > 0
          ? 'cancelled'
          : 'done'
  const cost = costOf(model, now, job)
  const start = Number.isNaN(from) ? model.jobs[job]!.createdAt : from
  return {
    counts,
    status,
    elapsed: (over ? (finishedAt ?? (Number.isNaN(to) ? start : to)) : now) - start,
    left: over ? undefined : remainingOf(model, now, job),
    cost: cost.own,
    lambdaCost: cost.lambda,
    paid: isLambda(model),
    budget: budgetOf(model),
    job,
  }
}

/** The strip itself, for a feed that somebody keeps up to date. */
export function StripView({ feed, output }: { feed: RunFeed; output: RunOutput }) {
  const facts = stripFacts(feed, output)
  const total = facts ? facts.counts.reduce((a, b) => a + b, 0) : 0
  const settled = facts ? facts.counts[S.done]! + facts.counts[S.failed]! + facts.counts[S.cancelled]! : 0
  const status = facts?.status ?? 'running'
  useAnnouncement(output.name, status, settled, total)
  const gone = feed.state === 'missing'
  return (
    <section
      aria-label={`Run of ${output.name}`}
      data-testid="run-strip"
      data-run-id={output.runId}
      data-status={status}
      data-done={facts?.counts[S.done] ?? 0}
      data-total={total}
      className="flex h-[96px] items-stretch gap-4 overflow-hidden rounded-lg border border-line bg-surface px-3 py-2"
    >
      <div className="flex min-w-0 flex-1 basis-3/5 flex-col justify-between">
        <div className="flex min-w-0 items-center gap-2 text-[13px]">
          {facts && <StatusBadge status={status} small />}
          <span className="truncate font-medium font-mono text-xs">{output.name}</span>
          <span className="whitespace-nowrap text-ink-2 text-xs">
            {facts ? plural(total, 'call') : gone ? 'the log of this run is gone' : 'starting …'}
          </span>
          <span className="grow" />
          {!gone && (
            <Link
              href={`/runs/${encodeURIComponent(output.runId)}`}
              className="inline-flex min-h-[24px] shrink-0 items-center whitespace-nowrap rounded px-1.5 font-medium text-accent text-xs hover:bg-accent-soft"
            >
              Open run
            </Link>
          )}
        </div>
        <SegmentedProgress counts={facts?.counts ?? [0, 0, 0, 0, 0]} label={`Progress of ${output.name}`} />
        <div className="tabular flex h-5 items-center gap-3 overflow-hidden whitespace-nowrap text-ink-2 text-xs">
          <Counts counts={facts?.counts ?? [0, 0, 0, 0, 0]} className="flex-nowrap" />
          <span className="grow" />
          {facts && (
            <>
              <span>
                <span className="font-medium text-ink">{formatDuration(facts.elapsed)}</span>
                {facts.left && <span> · {formatLeft(facts.left)} left</span>}
              </span>
              <StripCost facts={facts} />
            </>
          )}
        </div>
      </div>
      {facts && facts.job >= 0 && (
        <MiniTimeline feed={feed} job={facts.job} total={total} begun={total - facts.counts[S.waiting]!} />
      )}
    </section>
  )
}

function StripCost({ facts: { paid, cost, lambdaCost, budget } }: { facts: StripFacts }) {
  if (!paid)
    return (
      <span title="What the same work would have cost on AWS Lambda: an estimate">
        est. {formatMoney(lambdaCost)} on Lambda
      </span>
    )
  return (
    <span data-testid="strip-cost" title="What the calls have cost so far, by the prices of AWS Lambda">
      <span className="font-medium text-ink">{formatMoney(cost)}</span>
      {budget !== undefined && ` of at most $${budget}`}
    </span>
  )
}

/** A range of time in the unit of its larger end: `4–7 s`. */
function formatLeft([low, high]: [number, number]): string {
  const seconds = high / 1000
  if (seconds < 1) return '< 1 s'
  if (seconds < 90) return `${Math.floor(low / 1000)}–${Math.ceil(seconds)} s`
  return `${Math.floor(low / 60_000)}–${Math.ceil(seconds / 60)} min`
}

function MiniTimeline({ feed, job, total, begun }: { feed: RunFeed; job: number; total: number; begun: number }) {
  const [ref, width] = useWidth()
  const { model } = feed
  const version = model.failures.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is mutable and known by its length
  const earlier = useMemo(() => failuresByCall(model), [model, version])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutable; calls join as they begin
  const order = useMemo(() => orderRows(model, { sort: 'submit', job, begun: true }), [model, job, begun])
  const height = 78
  const canvas = useCanvas(
    feed,
    { width, height },
    (pen, palette) => {
      const now = feed.now()
      const { from, to } = spanOf(model, job, now)
      const start = Number.isNaN(from) ? now - 1 : from
      const end = Math.max(start + 50, Number.isNaN(to) ? now : to)
      const picked =
        laneRows(model, order, height) ??
        pickRows(model, order, {
          rowHeight: fitRows(order.length, height, 10),
          scroll: 0,
          height,
          band: 3,
        })
      paint(pen, {
        model,
        picked,
        scale: { from: start, to: end, width },
        height,
        palette,
        now,
        earlier,
        axis: false,
        calm: true,
      })
    },
    [order, earlier],
  )
  return (
    <div ref={ref} className="hidden min-w-0 flex-1 basis-2/5 sm:block">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Timeline of ${formatCount(total)} calls; the run page lists them in a table`}
        className="block size-full rounded-sm"
        style={{ width, height }}
      />
    </div>
  )
}

function useAnnouncement(name: string, status: string, settled: number, total: number): void {
  const tenth = total > 0 ? Math.floor((settled / total) * 10) : 0
  const [seen, setSeen] = useState(status)
  useEffect(() => {
    if (status === 'running' && tenth > 0) announce(`${name}: ${tenth * 10} percent of the calls have ended`)
  }, [name, status, tenth])
  useEffect(() => {
    if (status === seen) return
    setSeen(status)
    announce(`${name}: ${status}`)
  }, [name, status, seen])
}

/** Whether the element is, or was, within a screen of what is seen. */
function useNearViewport(): [boolean, (element: HTMLElement | null) => void] {
  const [near, setNear] = useState(false)
  const [element, ref] = useState<HTMLElement | null>(null)
  useEffect(() => {
    if (!element || near) return
    const observer = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && setNear(true), {
      rootMargin: '800px 0px',
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [element, near])
  return [near, ref]
}
