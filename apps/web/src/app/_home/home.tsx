'use client'
import { useMutation, useQuery } from '@tanstack/react-query'
import { FileText } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import type { ReactNode } from 'react'
import { cx } from '../../lib/cx'
import { formatAgo, plural } from '../../lib/format'
import { notebookHref } from '../../lib/paths'
import { errorValueOf, useTRPC } from '../../lib/trpc'
import { EmptyState, ErrorNote } from '../../ui/panel'
import { toast } from '../../ui/toast'
import { BlankArt, MapArt, TissueArt } from './art'

const CARDS: { id: string; title: string; text: string; time: string; art: ReactNode }[] = [
  {
    id: 'hello-map',
    title: 'Hello, map',
    text: 'Fan 200 calls out to local processes and watch them on a live timeline.',
    time: 'a few seconds',
    art: <MapArt />,
  },
  {
    id: 'demo',
    title: 'METASPACE demo',
    text: 'Annotate a small imaging-MS data set: real formulas, FDR, and the five best ion images.',
    time: 'about a minute',
    art: <TissueArt />,
  },
  {
    id: 'blank',
    title: 'Blank notebook',
    text: 'TypeScript cells with top-level await, npm imports, and an executor ready to map.',
    time: 'your own pace',
    art: <BlankArt />,
  },
]

/** The experiments of Lithops-METASPACE: longer, for those who have seen the demo. */
const EXPERIMENTS: { id: string; title: string; text: string }[] = [
  {
    id: 'experiment-1-typical',
    title: '1 · A typical annotation, timed',
    text: 'Time, cost, client memory, validation against the truth.',
  },
  {
    id: 'experiment-2-interactive',
    title: '2 · Interactive annotation',
    text: 'Change molecules, adducts or modifiers; the answer comes in seconds.',
  },
  {
    id: 'experiment-3-stress',
    title: '3 · As large as this machine allows',
    text: 'The largest data set that memory and disk allow, end to end.',
  },
]

/** The home page: ways to start, then the notebooks last worked on. */
export function Home() {
  return (
    <main className="mx-auto max-w-5xl px-6 pt-10 pb-16">
      <h1 className="font-semibold text-2xl tracking-tight">Notebooks that fan out</h1>
      <p className="mt-1 text-ink-2">
        Write TypeScript in cells, map a function over your data, and watch every call, here or on AWS Lambda.
      </p>
      <Start />
      <Recent />
    </main>
  )
}

function Start() {
  const router = useRouter()
  const trpc = useTRPC()
  const open = useMutation(
    trpc.workspace.openExample.mutationOptions({
      onSuccess: ({ path }) => router.push(notebookHref(path)),
      onError: (error) => {
        const { message, hint } = errorValueOf(error)
        toast({ title: message, detail: hint, tone: 'bad' })
      },
    }),
  )
  const opening = open.isPending || open.isSuccess ? open.variables?.id : undefined
  return (
    <>
      <section aria-label="Start" className="mt-7 grid gap-4 sm:grid-cols-3">
        {CARDS.map((card) => (
          <button
            key={card.id}
            type="button"
            data-testid={`home-card-${card.id}`}
            disabled={opening !== undefined}
            onClick={() => open.mutate({ id: card.id })}
            className={cx(
              'group flex flex-col overflow-hidden rounded-xl border border-line bg-surface text-left transition-[border-color,box-shadow]',
              'hover:border-accent hover:shadow-float disabled:cursor-progress',
              opening === card.id && 'border-accent',
            )}
          >
            {card.art}
            <span className="flex grow flex-col gap-1 border-line border-t px-4 py-3.5">
              <span className="flex items-baseline gap-2">
                <span className="grow font-semibold text-[15px] group-hover:text-accent">{card.title}</span>
                <span className="text-ink-2 text-xs">{opening === card.id ? 'opening…' : card.time}</span>
              </span>
              <span className="text-[13px] text-ink-2">{card.text}</span>
            </span>
          </button>
        ))}
      </section>
      <section aria-labelledby="experiments" className="mt-8">
        <h2 id="experiments" className="mb-2.5 font-semibold text-[15px]">
          METASPACE experiments
        </h2>
        <div className="grid gap-3 sm:grid-cols-3">
          {EXPERIMENTS.map((experiment) => (
            <button
              key={experiment.id}
              type="button"
              data-testid={`home-card-${experiment.id}`}
              disabled={opening !== undefined}
              onClick={() => open.mutate({ id: experiment.id })}
              className={cx(
                'rounded-xl border border-line bg-surface px-4 py-3 text-left transition-[border-color,box-shadow]',
                'hover:border-accent hover:shadow-float disabled:cursor-progress',
                opening === experiment.id && 'border-accent',
              )}
            >
              <span className="block font-semibold text-sm">
                {opening === experiment.id ? 'opening…' : experiment.title}
              </span>
              <span className="mt-0.5 block text-[13px] text-ink-2">{experiment.text}</span>
            </button>
          ))}
        </div>
      </section>
    </>
  )
}

function Recent() {
  const trpc = useTRPC()
  const notebooks = useQuery(trpc.workspace.notebooks.queryOptions())
  return (
    <section aria-labelledby="recent" className="mt-10">
      <h2 id="recent" className="mb-2.5 font-semibold text-[15px]">
        Recent notebooks
      </h2>
      {notebooks.isPending && <div className="h-24 animate-pulse rounded-xl bg-sunken" />}
      {notebooks.isError && <ErrorNote title="The notebooks could not be listed" {...errorValueOf(notebooks.error)} />}
      {notebooks.data?.length === 0 && (
        <EmptyState title="No notebooks yet">
          Open one of the cards above: it becomes a file in your workspace folder, and appears here.
        </EmptyState>
      )}
      {notebooks.data && notebooks.data.length > 0 && (
        <ul className="overflow-hidden rounded-xl border border-line bg-surface">
          {notebooks.data.map((notebook) => (
            <li key={notebook.path} className="border-line border-b last:border-b-0">
              <Link
                href={notebookHref(notebook.path)}
                className="flex items-center gap-3 px-4 py-2.5 hover:bg-sunken focus-visible:outline-offset-[-2px]"
              >
                <FileText size={16} className="shrink-0 text-ink-2" aria-hidden="true" />
                <span className="grow truncate font-medium">{notebook.path}</span>
                <span className="tabular text-ink-2 text-xs">{plural(notebook.cells, 'cell')}</span>
                <time
                  dateTime={new Date(notebook.modified).toISOString()}
                  className="w-24 text-right text-ink-2 text-xs"
                  suppressHydrationWarning
                >
                  {formatAgo(notebook.modified)}
                </time>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
