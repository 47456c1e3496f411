'use client'
import { RUN_MIME, type RunOutput } from '@mayfly/executor/events'
import { useCallback } from 'react'
import { useTRPCClient } from '../../../lib/trpc'
import { RunStrip } from '../../../monitor/strip'
import { Notebook } from '../../../notebook/notebook'
import type { Renderer } from '../../../notebook/outputs/renderer'

const RENDERERS: readonly Renderer[] = [
  { mime: RUN_MIME, render: ({ data }) => (isRunOutput(data) ? <RunStrip output={data} /> : null) },
]

function isRunOutput(data: unknown): data is RunOutput {
  return typeof (data as Partial<RunOutput> | null)?.runId === 'string'
}

/** Puts the notebook together with what it shows of other features. */
export function NotebookPage({ path }: { path: string }) {
  const trpc = useTRPCClient()
  const getTicket = useCallback(async () => (await trpc.kernel.ticket.query()).token, [trpc])
  return <Notebook path={path} getTicket={getTicket} renderers={RENDERERS} />
}
