'use client'
import { useEffect, useState } from 'react'
import { formatDuration } from '../lib/format'
import { Button } from '../ui/button'
import { Banner } from '../ui/panel'
import { useServices } from './context'
import type { Notice } from './notices'
import { useNotebook, useNotebookStore } from './store'

/** What the user must know now, across the page: the connection, the kernel, saving. `onConflict` opens the choice. */
export function Banners({ onConflict }: { onConflict: () => void }) {
  const { context } = useServices()
  const kernel = useNotebook((state) => state.kernel)
  const save = useNotebook((state) => state.save)
  const notices = useNotebook((state) => state.notices)
  return (
    <>
      {kernel === 'disconnected' && (
        <Banner tone="warn">Kernel disconnected – reconnecting (your code is saved). Running cells go on.</Banner>
      )}
      {kernel === 'dead' && (
        <Banner tone="bad" actions={<Button onClick={() => void context.session.restart()}>Restart the kernel</Button>}>
          The kernel has stopped. Variables are gone; code and outputs are here.
        </Banner>
      )}
      {save === 'conflict' && (
        <Banner tone="bad" actions={<Button onClick={onConflict}>Compare and choose</Button>}>
          This file was changed outside this page; your last edits are not saved yet.
        </Banner>
      )}
      {save === 'failed' && <Banner tone="warn">Not saved yet; trying again every few seconds.</Banner>}
      {notices.map((notice) => (
        <NoticeBanner key={notice.code} notice={notice} />
      ))}
    </>
  )
}

function NoticeBanner({ notice }: { notice: Notice }) {
  const { context } = useServices()
  const store = useNotebookStore()
  const left = useLeft(notice.until)
  const dismiss = () => store.setState(({ notices }) => ({ notices: notices.filter((other) => other !== notice) }))
  return (
    <Banner
      tone={notice.action === 'restart' || notice.resolved === false ? 'bad' : 'warn'}
      actions={
        <>
          {notice.action === 'restart' && (
            <Button onClick={() => void context.session.restart()}>Restart the kernel</Button>
          )}
          {notice.action === 'keep' && <Button onClick={() => void context.session.keep()}>Keep it running</Button>}
          <Button tone="quiet" onClick={dismiss}>
            Dismiss
          </Button>
        </>
      }
    >
      {notice.message} {notice.hint}
      {left !== undefined && left > 0 && <span className="tabular text-ink-2"> (in {formatDuration(left)})</span>}
    </Banner>
  )
}

/** Milliseconds until an instant, counted down; undefined without one. */
function useLeft(until: string | null | undefined): number | undefined {
  const at = until ? Date.parse(until) : Number.NaN
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (Number.isNaN(at)) return
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [at])
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
