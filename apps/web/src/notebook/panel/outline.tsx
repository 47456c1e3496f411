'use client'
import { useMemo } from 'react'
import { cx } from '../../lib/cx'
import { outlineOf } from '../outline'
import { useNotebook, useNotebookStore } from '../store'
import { goToCell } from './go-to'

/** The headings of the text cells; a press goes to one. */
export function OutlinePanel() {
  const store = useNotebookStore()
  const cells = useNotebook((state) => state.cells)
  const order = useNotebook((state) => state.order)
  const selected = useNotebook((state) => state.selected)
  const headings = useMemo(() => outlineOf(order, cells), [order, cells])
  if (headings.length === 0)
    return <p className="py-2 text-[13px] text-ink-2">Headings of text cells, such as “# Results”, appear here.</p>
  const place = selected === undefined ? -1 : order.indexOf(selected)
  const current = headings.findLast(({ index }) => index <= place)
  return (
    <nav aria-label="Outline">
      <ul>
        {headings.map((heading) => (
          <li key={`${heading.cellId} ${heading.line}`} style={{ paddingLeft: (heading.level - 1) * 14 }}>
            <button
              type="button"
              aria-current={heading === current ? 'location' : undefined}
              onClick={() => goToCell(store, heading.cellId)}
              className={cx(
                'min-h-7 w-full truncate rounded px-1.5 text-left text-[13px] hover:bg-sunken',
                heading === current ? 'font-medium text-accent' : heading.level === 1 ? 'font-medium' : 'text-ink-2',
              )}
            >
              {heading.text}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  )
}
