import type { RunStatus } from '@mayfly/executor/events'
import { Ban, Check, CircleHelp, LoaderCircle, X } from 'lucide-react'
import { cx } from '../lib/cx'

const LOOKS: Record<RunStatus, { title: string; icon: typeof Check; look: string; help: string }> = {
  running: { title: 'Running', icon: LoaderCircle, look: 'bg-warn-soft text-warn', help: 'Calls are under way.' },
  done: { title: 'Done', icon: Check, look: 'bg-ok-soft text-(--badge-done)', help: 'Every call ended well.' },
  failed: { title: 'Failed', icon: X, look: 'bg-bad-soft text-bad', help: 'At least one call failed for good.' },
  cancelled: {
    title: 'Cancelled',
    icon: Ban,
    look: 'bg-sunken text-ink-2',
    help: 'The run was stopped before its end.',
  },
  lost: {
    title: 'Lost',
    icon: CircleHelp,
    look: 'bg-sunken text-ink-2',
    help: 'The process that ran it is gone and left no last word.',
  },
}

/** The status of a run as a word with a sign; never by colour alone. */
export function StatusBadge({ status, small }: { status: RunStatus; small?: boolean }) {
  const { title, icon: Icon, look, help } = LOOKS[status]
  return (
    <span
      title={help}
      className={cx(
        'inline-flex shrink-0 items-center gap-1 rounded-full font-medium',
        small ? 'h-5 px-1.5 text-[11px]' : 'h-6 px-2 text-xs',
        look,
      )}
    >
      <Icon
        size={small ? 12 : 14}
        aria-hidden="true"
        className={status === 'running' ? 'animate-spin motion-reduce:animate-none' : undefined}
      />
      {title}
    </span>
  )
}
