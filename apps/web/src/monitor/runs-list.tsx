'use client'

import type { RunHeader } from '@mayfly/executor/events'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Copy } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { formatAgo, formatCount, formatDuration } from '../lib/format'
import { notebookHref } from '../lib/paths'
import { errorValueOf, useTRPC } from '../lib/trpc'
import { Button } from '../ui/button'
import { EmptyState, ErrorNote } from '../ui/panel'
import { toast } from '../ui/toast'
import { formatMoney } from './format'
import { SegmentedProgress } from './progress'
import { StatusBadge } from './status'
import { PlainTable, ROW_LOOK, Td, Th } from './tables'
import './monitor.css'

/** Runs shown at first, and by how many more. */
const PAGE = 100

/** Every run that has a log, newest first, kept fresh while the page is open. */
export function RunsList() {
  const trpc = useTRPC()
  const [most, setMost] = useState(PAGE)
  const runs = useQuery({
    ...trpc.runs.list.queryOptions(),
    refetchInterval: ({ state }) => (state.data?.some((run) => run.status === 'running') ? 1_000 : 4_000),
  })
  return (
    <main className="mx-auto max-w-6xl px-6 pt-8 pb-16">
      <h1 className="mb-4 font-semibold text-2xl tracking-tight">Runs</h1>
      {runs.isError && !runs.data ? (
        <RunsError error={runs.error} onRetry={() => runs.refetch()} />
      ) : runs.isPending ? (
        <div role="status" className="h-40 rounded-lg bg-line/40">
          <span className="sr-only">Reading the list of runs</span>
        </div>
      ) : runs.data!.length === 0 ? (
        <NoRuns />
      ) : (
        <>
          <RunsTable runs={runs.data!.slice(0, most)} />
          {runs.data!.length > most && (
            <p className="mt-3 text-center">
              <Button onClick={() => setMost(most + PAGE)}>Show more of {formatCount(runs.data!.length)} runs</Button>
            </p>
          )}
        </>
      )}
    </main>
  )
}

export function RunsTable({ runs }: { runs: readonly RunHeader[] }) {
  const now = Date.now()
  return (
    <PlainTable
      label="Runs"
      testId="runs-table"
      head={
        <>
          <Th>Name</Th>
          <Th>Notebook</Th>
          <Th>Status</Th>
          <Th right>Calls</Th>
          <Th right>Failed</Th>
          <Th right>Duration</Th>
          <Th right help="Estimate; in brackets what the run would cost on AWS Lambda">
            Cost (on Lambda), estimate
          </Th>
          <Th right>Started</Th>
        </>
      }
    >
      {runs.map((run) => (
        <tr key={run.runId} className={ROW_LOOK} data-run-id={run.runId}>
          <Td className="h-9! font-medium text-[13px]">
            <Link
              href={`/runs/${encodeURIComponent(run.runId)}`}
              className="inline-flex min-h-[24px] items-center rounded text-accent underline-offset-2 hover:underline"
            >
              {run.name}
            </Link>
          </Td>
          <Td>
            {run.notebook ? (
              <Link
                href={notebookHref(run.notebook, run.cellId)}
                className="inline-flex min-h-[24px] max-w-64 items-center truncate rounded underline-offset-2 hover:underline"
              >
                {run.notebook}
              </Link>
            ) : (
              <span className="text-ink-2">script</span>
            )}
          </Td>
          <Td>
            <StatusBadge status={run.status} small />
          </Td>
          <Td right>
            {formatCount(run.done)}
            <span className="text-ink-2"> / {formatCount(run.calls)}</span>
            {run.status === 'running' && (
              <SegmentedProgress
                thin
                label={`Progress of ${run.name}`}
                counts={[run.calls - run.done - run.failed, 0, run.done, run.failed, 0]}
              />
            )}
          </Td>
          <Td right className={run.failed > 0 ? 'font-medium text-bad' : 'text-ink-2'}>
            {formatCount(run.failed)}
          </Td>
          <Td right>{durationOf(run, now)}</Td>
          <Td right>
            {formatMoney(run.cost)} <span className="text-ink-2">({formatMoney(run.lambdaCost)})</span>
          </Td>
          <Td right>
            <time
              dateTime={new Date(run.createdAt).toISOString()}
              title={new Date(run.createdAt).toLocaleString('en-GB')}
            >
              {formatAgo(run.createdAt, now)}
            </time>
          </Td>
        </tr>
      ))}
    </PlainTable>
  )
}

function durationOf(run: RunHeader, now: number): string {
  const end = run.finishedAt ?? (run.status === 'running' ? now : Number.NaN)
  return formatDuration(Math.max(0, end - run.createdAt))
}

const EXAMPLE = `import { FunctionExecutor } from '@mayfly/executor'
const fexec = new FunctionExecutor()
await fexec.getResult(fexec.map((n: number) => n ** 2, [1, 2, 3]))`

function NoRuns() {
  const trpc = useTRPC()
  const router = useRouter()
  const open = useMutation(
    trpc.workspace.openExample.mutationOptions({
      onSuccess: ({ path }) => router.push(notebookHref(path)),
      onError: (error) => toast({ title: errorValueOf(error).message, detail: errorValueOf(error).hint, tone: 'bad' }),
    }),
  )
  const copy = async () => {
    await navigator.clipboard.writeText(EXAMPLE)
    toast({ title: 'Copied' })
  }
  return (
    <EmptyState
      title="Runs appear here when a cell calls map()"
      action={
        <span className="flex gap-2">
          <Button tone="primary" disabled={open.isPending} onClick={() => open.mutate({ id: 'hello-map' })}>
            Open the example
          </Button>
          <Button onClick={copy}>
            <Copy size={14} aria-hidden="true" /> Copy these lines
          </Button>
        </span>
      }
    >
      <p>Each one keeps its timeline, its resources and its logs, and survives a restart.</p>
      <pre className="mt-3 overflow-x-auto rounded-md bg-sunken p-3 text-left text-ink text-xs">{EXAMPLE}</pre>
    </EmptyState>
  )
}

function RunsError({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { message, hint, code } = errorValueOf(error)
  return (
    <ErrorNote
      title="The runs could not be listed"
      message={message}
      hint={hint}
      code={code}
      action={<Button onClick={onRetry}>Try again</Button>}
    />
  )
}
