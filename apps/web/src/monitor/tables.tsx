import type { ReactNode } from 'react'
import { cx } from '../lib/cx'

/** A plain dense table: the looks, and nothing else. */
export function PlainTable({
  label,
  head,
  children,
  testId,
}: {
  label: string
  head: ReactNode
  children: ReactNode
  testId?: string
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section aria-label={label} tabIndex={0} className="overflow-x-auto rounded-lg border border-line bg-surface">
      <table data-testid={testId} className="tabular w-full border-collapse text-xs">
        <thead>
          <tr className="border-line border-b bg-sunken text-ink-2">{head}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )
}

export function Th({ children, right, help }: { children: ReactNode; right?: boolean; help?: string }) {
  return (
    <th
      scope="col"
      title={help}
      className={cx('h-7 whitespace-nowrap px-2.5 font-medium', right ? 'text-right' : 'text-left')}
    >
      {children}
    </th>
  )
}

export function Td({ children, right, className }: { children: ReactNode; right?: boolean; className?: string }) {
  return <td className={cx('h-7 whitespace-nowrap px-2.5', right && 'text-right', className)}>{children}</td>
}

export const ROW_LOOK = 'border-line border-b last:border-b-0 hover:bg-sunken/70'

/** A quiet sentence where a tab has nothing to show. */
export function Nothing({ children }: { children: ReactNode }) {
  return (
    <p className="rounded-lg border border-line border-dashed px-4 py-6 text-center text-[13px] text-ink-2">
      {children}
    </p>
  )
}

/** A word that does something: opens a call, a job, a place. */
export function TextButton({ children, onClick, label }: { children: ReactNode; onClick: () => void; label?: string }) {
  return (
    <button
      type="button"
      onClick={onClick}
      aria-label={label}
      className="inline-flex min-h-[24px] min-w-[24px] items-center justify-center rounded px-1 font-medium text-accent hover:bg-accent-soft"
    >
      {children}
    </button>
  )
}
