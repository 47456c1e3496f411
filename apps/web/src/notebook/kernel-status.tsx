'use client'
import { TriangleAlert } from 'lucide-react'
import { cx } from '../lib/cx'
import { formatBytes } from '../lib/format'
import { Button } from '../ui/button'
import { Popover } from '../ui/popover'
import { useCommand } from './context'
import type { KernelUsage } from './runner-schemas'
import { type KernelState, useNotebook } from './store'
import { memoryShare, useUsage } from './usage'

const KERNELS: Record<KernelState, { text: string; dot: string }> = {
  connecting: { text: 'Connecting', dot: 'border-2 border-control animate-pulse' },
  starting: { text: 'Starting', dot: 'border-2 border-warn animate-pulse' },
  idle: { text: 'Kernel idle', dot: 'bg-ok' },
  busy: { text: 'Kernel busy', dot: 'bg-warn animate-pulse' },
  restarting: { text: 'Restarting', dot: 'border-2 border-warn animate-pulse' },
  disconnected: { text: 'Disconnected', dot: 'border-2 border-bad' },
  dead: { text: 'Kernel stopped', dot: 'bg-bad' },
}

/** The kernel's state with its memory and CPU; opens what else there is to know of it. */
export function KernelStatus() {
  const kernel = useNotebook((state) => state.kernel)
  const facts = useNotebook((state) => state.facts)
  const usage = useUsage()
  const { text, dot } = KERNELS[kernel]
  const share = usage && memoryShare(usage, facts)
  const high = share !== undefined && share > 0.85
  const noted = (facts?.notices.length ?? 0) > 0
  const trigger = (
    <button
      type="button"
      className="ml-2 flex h-7 items-center gap-2.5 rounded-full border border-line bg-surface pr-3 pl-3 text-xs hover:bg-sunken data-[state=open]:bg-sunken"
    >
      <span
        data-testid="kernel-status"
        data-state={kernel}
        className="flex w-[6.4rem] items-center gap-2 whitespace-nowrap"
      >
        <span aria-hidden="true" className={cx('size-2 shrink-0 rounded-full', dot)} />
        {text}
      </span>
      {noted && <TriangleAlert size={13} aria-label="with a notice" className="text-warn" />}
      {usage && usage.pid !== null && (
        <span
          data-testid="kernel-usage"
          className="tabular flex items-center gap-2 whitespace-nowrap text-ink-2 max-lg:hidden"
        >
          <span className="sr-only">Memory</span>
          <Meter share={share} high={high} />
          <span className={cx('w-14 text-right', high && 'font-medium text-bad')}>{formatBytes(usage.rss)}</span>
          <span className="sr-only">CPU</span>
          <span className="w-9 text-right">{percent(usage.cpu)}</span>
        </span>
      )}
    </button>
  )
  return (
    <>
      <span role="status" className="sr-only">
        {text}
      </span>
      <Popover trigger={trigger} label="Kernel details">
        <Details usage={usage} share={share} />
      </Popover>
    </>
  )
}

function Meter({ share, high }: { share: number | undefined; high: boolean }) {
  if (share === undefined) return null
  return (
    <span aria-hidden="true" className="h-1.5 w-9 overflow-hidden rounded-full bg-line">
      <span
        className={cx('block h-full rounded-full', high ? 'bg-bad' : 'bg-accent')}
        style={{ width: `${Math.max(4, share * 100)}%` }}
      />
    </span>
  )
}

function Details({ usage, share }: { usage: KernelUsage | undefined; share: number | undefined }) {
  const facts = useNotebook((state) => state.facts)
  const notices = facts?.notices ?? []
  const run = useCommand()
  const limit = (mb: number | null | undefined) => (mb ? formatBytes(mb * 1024 * 1024) : 'none')
  const rows: [string, string][] = [
    ['Node.js', facts?.node?.replace(/^v/, '') ?? 'unknown'],
    ['Process', usage?.pid ? String(usage.pid) : 'none'],
    ['Memory with workers', usage ? formatBytes(usage.rss) : '–'],
    ...(usage?.ownRss ? [['Kernel alone', formatBytes(usage.ownRss)] as [string, string]] : []),
    ...(usage?.heapUsed ? [['Objects', formatBytes(usage.heapUsed)] as [string, string]] : []),
    ...(share === undefined ? [] : [['Of the nearest limit', percent(share)] as [string, string]]),
    ['CPU', usage ? `${percent(usage.cpu)} of a core` : '–'],
    ['Limit of objects', limit(facts?.heapLimitMb)],
    ['Limit of the process', limit(facts?.rssLimitMb)],
  ]
  return (
    <div>
      <h2 className="mb-2 font-semibold">Kernel</h2>
      <dl className="tabular grid grid-cols-[auto_1fr] gap-x-4 gap-y-1">
        {rows.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-2">{name}</dt>
            <dd className="text-right">{value}</dd>
          </div>
        ))}
      </dl>
      {notices.map((notice) => (
        <p key={notice.code} className="mt-3 rounded-md bg-warn-soft px-2.5 py-1.5 text-xs">
          {notice.message} {notice.hint}
        </p>
      ))}
      <p className="mt-3 text-ink-2 text-xs">
        A cell that passes a limit is stopped; variables stay. The limits are set by MAYFLY_KERNEL_MEMORY_MB and
        MAYFLY_KERNEL_RSS_MB.
      </p>
      <div className="mt-3 flex justify-end gap-2">
        <Button onClick={() => run('kernel.interrupt')}>Interrupt</Button>
        <Button onClick={() => run('kernel.restart')}>Restart</Button>
      </div>
    </div>
  )
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
