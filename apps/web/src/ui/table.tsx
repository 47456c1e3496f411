'use client'
import { ArrowDown, ArrowUp, ChevronLeft, ChevronRight, Search } from 'lucide-react'
import { useDeferredValue, useId, useMemo, useState } from 'react'
import { cx } from '../lib/cx'
import { formatCount, plural } from '../lib/format'
import { IconButton } from './button'
import { arrangeRows, type CellValue, type ColumnType, columnFormat, nextSort, type SortOrder } from './table-model'

export interface DataTableProps {
  /** Spoken name of the table. */
  label: string
  columns: { name: string; type: ColumnType }[]
  rows: CellValue[][]
  /** Rows there are in all; more than `rows` when only the first were sent. */
  total?: number
  /** Rows a page, default 10. Tables that are not much longer are shown whole. */
  pageSize?: number
}

/** A table of plain values: heads sort, the field filters, pages turn. */
export function DataTable({ label, columns, rows, total = rows.length, pageSize: wantedSize = 10 }: DataTableProps) {
  const [filter, setFilter] = useState('')
  const [sort, setSort] = useState<SortOrder>()
  const [page, setPage] = useState(0)
  const pageSize = rows.length <= wantedSize * 1.5 ? rows.length : wantedSize
  const wanted = useDeferredValue(filter)
  const order = useMemo(() => arrangeRows(rows, wanted, sort), [rows, wanted, sort])
  const formats = useMemo(() => columns.map((_, i) => columnFormat(rows, i)), [columns, rows])
  const pages = Math.max(1, Math.ceil(order.length / Math.max(1, pageSize)))
  const at = Math.min(page, pages - 1)
  const shown = order.slice(at * pageSize, (at + 1) * pageSize)
  const small = rows.length <= pageSize
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface text-[13px]">
      {!small && <Filter value={filter} onChange={setFilter} label={label} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="overflow-x-auto" aria-label={label} tabIndex={0}>
        <table className="tabular w-full border-collapse">
          <thead>
            <tr className="border-line border-b bg-sunken">
              {columns.map((column, i) => (
                <Head
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns never move, names may repeat
                  key={i}
                  name={column.name}
                  right={column.type === 'number'}
                  order={sort?.column === i ? (sort.descending ? 'descending' : 'ascending') : 'none'}
                  onSort={() => setSort(nextSort(sort, i))}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row} className="border-line border-b last:border-b-0 hover:bg-sunken/70">
                {columns.map((column, i) => (
                  <td
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
                    key={i}
                    className={cx(
                      'max-w-96 truncate whitespace-nowrap px-3 py-1',
                      column.type === 'number' && 'text-right font-mono text-xs',
                    )}
                    title={String(rows[row]?.[i] ?? '')}
                  >
                    {formats[i]!(rows[row]?.[i] ?? null)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <footer className="flex h-9 items-center gap-2 border-line border-t bg-sunken px-3 text-ink-2 text-xs">
        <span className="tabular grow" aria-live="polite">
          {summary(order.length, rows.length, total)}
        </span>
        {pages > 1 && (
          <>
            <IconButton small label="Previous page" disabled={at === 0} onClick={() => setPage(at - 1)}>
              <ChevronLeft size={14} />
            </IconButton>
            <span className="tabular">
              {at + 1} / {formatCount(pages)}
            </span>
            <IconButton small label="Next page" disabled={at >= pages - 1} onClick={() => setPage(at + 1)}>
              <ChevronRight size={14} />
            </IconButton>
          </>
        )}
      </footer>
    </div>
  )
}

function Filter({ value, onChange, label }: { value: string; onChange: (value: string) => void; label: string }) {
  const id = useId()
  return (
    <div className="flex items-center gap-2 border-line border-b px-3 text-ink-2 focus-within:text-accent">
      <Search size={14} aria-hidden="true" />
      <label htmlFor={id} className="sr-only">
        Filter {label}
      </label>
      <input
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        placeholder="Filter rows"
        className="h-8 grow bg-transparent text-ink outline-none placeholder:text-ink-2"
      />
    </div>
  )
}

function Head(props: { name: string; right: boolean; order: 'ascending' | 'descending' | 'none'; onSort: () => void }) {
  const Arrow = props.order === 'descending' ? ArrowDown : ArrowUp
  const arrow = (
    <Arrow size={12} aria-hidden="true" className={props.order === 'none' ? 'opacity-0 group-hover:opacity-60' : ''} />
  )
  return (
    <th scope="col" aria-sort={props.order} className="p-0 font-medium text-ink-2 text-xs">
      <button
        type="button"
        onClick={props.onSort}
        className={cx(
          'group flex min-h-7 w-full items-center gap-1 whitespace-nowrap px-3 hover:text-ink focus-visible:outline-offset-[-2px]',
          props.right && 'justify-end',
          props.order !== 'none' && 'text-accent',
        )}
      >
        {props.right && arrow}
        {props.name}
        {!props.right && arrow}
      </button>
    </th>
  )
}

function summary(picked: number, sent: number, total: number): string {
  const rows = picked === sent ? plural(sent, 'row') : `${formatCount(picked)} of ${plural(sent, 'row')}`
  return total > sent ? `${rows}; the table has ${formatCount(total)}, the first ${formatCount(sent)} are shown` : rows
}
