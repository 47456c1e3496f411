'use client'
import { ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { cx } from '../../lib/cx'

/** Children of one node drawn before "more". */
const FIRST = 100

/** A JSON value as a tree that opens. */
export function JsonOutput({ value }: { value: unknown }) {
  return (
    <div className="overflow-x-auto font-mono text-[12.5px] leading-6">
      <Node value={value} open />
    </div>
  )
}

function Node({ name, value, open: first = false }: { name?: string; value: unknown; open?: boolean }) {
  const [open, setOpen] = useState(first)
  const [shown, setShown] = useState(FIRST)
  const label = name === undefined ? null : <span className="text-ink-2">{name}: </span>
  if (value === null || typeof value !== 'object') {
    return (
      <div className="pl-5">
        {label}
        <Leaf value={value} />
      </div>
    )
  }
  const entries = Object.entries(value)
  const summary = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`
  return (
    <div>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className="flex min-h-6 items-center">
        <ChevronRight size={14} className={cx('mr-1.5 text-ink-2 transition-transform', open && 'rotate-90')} />
        {label}
        <span className="ml-1 text-ink-2">{summary}</span>
      </button>
      {open && (
        <div className="ml-[7px] border-line border-l pl-3">
          {entries.slice(0, shown).map(([key, child]) => (
            <Node key={key} name={key} value={child} />
          ))}
          {entries.length > shown && (
            <button type="button" className="min-h-6 text-accent" onClick={() => setShown(shown * 10)}>
              {entries.length - shown} more
            </button>
          )}
        </div>
      )}
    </div>
  )
}

function Leaf({ value }: { value: unknown }) {
  const text = JSON.stringify(value) ?? String(value)
  const look =
    typeof value === 'string'
      ? 'text-[var(--syntax-string)]'
      : typeof value === 'number'
        ? 'text-[var(--syntax-number)]'
        : ''
  return <span className={cx('[overflow-wrap:anywhere]', look)}>{text}</span>
}
