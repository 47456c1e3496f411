import { CircleAlert, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from '../lib/cx'

/** What an empty place says: what it is for, and the one action that fills it. */
export function EmptyState({ title, children, action }: { title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 rounded-xl border border-line-strong border-dashed px-6 py-9 text-center">
      <p className="font-medium">{title}</p>
      <div className="max-w-lg text-[13px] text-ink-2">{children}</div>
      {action && <div className="pt-2">{action}</div>}
    </div>
  )
}

const BANNERS = {
  info: { icon: Info, look: 'border-line bg-accent-soft text-ink' },
  warn: { icon: TriangleAlert, look: 'border-warn/40 bg-warn-soft text-ink' },
  bad: { icon: CircleAlert, look: 'border-bad/40 bg-bad-soft text-ink' },
}

/** A line across the page that stays until its cause is gone. */
export function Banner({
  tone,
  children,
  actions,
}: {
  tone: keyof typeof BANNERS
  children: ReactNode
  actions?: ReactNode
}) {
  const { icon: Icon, look } = BANNERS[tone]
  return (
    <div
      role={tone === 'bad' ? 'alert' : 'status'}
      className={cx('flex items-center gap-3 border-b px-4 py-2 text-[13px]', look)}
    >
      <Icon size={16} className={cx('shrink-0', tone === 'bad' && 'text-bad', tone === 'warn' && 'text-warn')} />
      <div className="grow">{children}</div>
      {actions && <div className="flex shrink-0 gap-2">{actions}</div>}
    </div>
  )
}

/** An error in plain words: title, cause, what to do, code. */
export function ErrorNote({
  title,
  message,
  hint,
  code,
  action,
}: {
  title: string
  message: string
  hint?: string
  code?: string
  action?: ReactNode
}) {
  return (
    <div
      role="alert"
      className="rounded-lg border border-bad/40 border-l-4 border-l-bad bg-bad-soft px-4 py-3 text-[13px]"
    >
      <p className="font-semibold">{title}</p>
      <p className="whitespace-pre-wrap break-words">{message}</p>
      {hint && <p className="mt-1 text-ink-2">{hint}</p>}
      {(code || action) && (
        <div className="mt-2 flex items-center gap-3">
          {action}
          {code && <code className="text-ink-2 text-xs">{code}</code>}
        </div>
      )}
    </div>
  )
}
