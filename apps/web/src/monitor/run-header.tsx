'use client'

import { useMutation } from '@tanstack/react-query'
import { CircleStop } from 'lucide-react'
import Link from 'next/link'
import { useEffect } from 'react'
import { announce } from '../lib/announce'
import { formatDuration, plural } from '../lib/format'
import { notebookHref } from '../lib/paths'
import { errorValueOf, useTRPC } from '../lib/trpc'
import { Button } from '../ui/button'
import { ErrorNote } from '../ui/panel'
import { toast } from '../ui/toast'
import type { RunFeed } from './feed'
import { formatClock, formatMoney } from './format'
import { Counts, SegmentedProgress } from './progress'
import { StatusBadge } from './status'
import { budgetOf, costOf, isLambda, quantile, remainingOf, stoppedByBudget, valuesOf } from './summary'

/** Name, state, progress and the few numbers one looks for first. */
export function RunHeader({ feed }: { feed: RunFeed }) {
  const { model } = feed
  const now = feed.now()
  const { created, status } = model
  const counts = [...model.counts]
  const durations = valuesOf(model, 'duration')
  const cost = costOf(model, now)
  const budget = budgetOf(model)
  const stopped = stoppedByBudget(model)
  const left = status === 'running' ? remainingOf(model, now) : undefined
  const running = model.jobs.findIndex((job) => job.finishedAt === undefined)
  const name = created?.name ?? feed.runId
  usePageTitle(name, status, model.settled, model.rows)
  return (
    <header className="space-y-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5">
        <h1 className="font-semibold text-xl tracking-tight">{name}</h1>
        <span data-testid="run-status">
          <StatusBadge status={status} />
        </span>
        <span className="tabular font-medium">{formatClock(now - model.start)}</span>
        {left && (
          <span className="tabular text-ink-2 text-[13px]">
            {formatDuration(left[0])} – {formatDuration(left[1])} left
          </span>
        )}
        <span className="text-ink-2 text-[13px]">
          {created?.backend}
          {status === 'running' &&
            running >= 0 &&
            model.jobs.length > 1 &&
            ` · stage ${running + 1} of ${model.jobs.length}`}
        </span>
        {created?.notebook && (
          <Link
            href={notebookHref(created.notebook, created.cellId)}
            className="rounded text-[13px] text-accent underline-offset-2 hover:underline"
          >
            {created.notebook}
            {created.executionCount !== undefined && ` [${created.executionCount}]`}
          </Link>
        )}
        <span className="grow" />
        {status === 'running' && <CancelButton runId={feed.runId} />}
      </div>
      <SegmentedProgress counts={counts} label="Progress of the run" />
      <div className="flex flex-wrap items-end gap-x-8 gap-y-2">
        <Counts counts={counts} className="pb-0.5 text-[13px]!" />
        <span className="grow" />
        <dl className="flex flex-wrap gap-x-7 gap-y-1">
          <Stat
            name="p50"
            value={formatDuration(quantile(durations, 0.5))}
            help="Median time of a call on its worker"
          />
          <Stat
            name="max"
            value={formatDuration(durations.at(-1) ?? Number.NaN)}
            help="Longest time of a call on its worker"
          />
          <Stat
            name="cost, estimate"
            value={budget === undefined ? formatMoney(cost.own) : `${formatMoney(cost.own)} of at most $${budget}`}
            help={`What the run costs on ${created?.backend ?? 'this backend'}`}
          />
          {!isLambda(model) && (
            <Stat
              name="on Lambda, estimate"
              value={formatMoney(cost.lambda)}
              help={`What the same ${cost.gbSeconds.toFixed(1)} GB-seconds would cost on AWS Lambda`}
            />
          )}
        </dl>
      </div>
      {stopped && (
        <ErrorNote
          title={`Stopped at its budget${budget === undefined ? '' : ` of $${budget}`}`}
          message={`${plural(stopped.calls, 'call')} ${stopped.calls === 1 ? 'was' : 'were'} not made, because a call could have passed it.`}
          {...(stopped.error.hint ? { hint: stopped.error.hint } : {})}
          code={stopped.error.code}
        />
      )}
    </header>
  )
}

function Stat({ name, value, help }: { name: string; value: string; help: string }) {
  return (
    <div title={help} className="flex items-baseline gap-1.5">
      <dt className="text-ink-2 text-xs">{name}</dt>
      <dd className="tabular font-semibold text-[15px]">{value}</dd>
    </div>
  )
}

function CancelButton({ runId }: { runId: string }) {
  const trpc = useTRPC()
  const cancel = useMutation(
    trpc.runs.cancel.mutationOptions({
      onError: (error) => {
        const { message, hint } = errorValueOf(error)
        toast({ title: message, detail: hint, tone: 'bad' })
      },
    }),
  )
  const asked = cancel.isPending || cancel.isSuccess
  return (
    <Button tone="danger" disabled={asked} onClick={() => cancel.mutate({ runId })}>
      <CircleStop size={15} aria-hidden="true" />
      {asked ? 'Cancelling …' : 'Cancel'}
    </Button>
  )
}

/** Progress in the tab's title, and the end said aloud. */
function usePageTitle(name: string, status: string, settled: number, total: number): void {
  const percent = total > 0 ? Math.floor((settled / total) * 100) : 0
  useEffect(() => {
    document.title = status === 'running' ? `${percent} % · ${name} · Mayfly` : `${name}, ${status} · Mayfly`
  }, [name, status, percent])
  useEffect(() => {
    if (status !== 'running') announce(`The run is ${status}`)
  }, [status])
}
