'use client'
import { ArrowDown, ArrowUp, Copy, Download, ListFilter, Search } from 'lucide-react'
import { type KeyboardEvent, useDeferredValue, useId, useMemo, useRef, useState } from 'react'
import { cx } from '../lib/cx'
import { formatCount, plural } from '../lib/format'
import { IconButton } from './button'
import { copyText, saveFile } from './clipboard'
import {
  arrangeRows,
  type Column,
  columnFormat,
  columnWidth,
  nextSort,
  plainText,
  rowCount,
  type SortOrder,
  type TableData,
  toDelimited,
} from './table-model'

const ROW_HEIGHT = 28
/** Rows on view before the table scrolls, and rows drawn above and below them. */
const VIEW_ROWS = 12
const OVERSCAN = 8
/** From this many rows on there is something to search. */
const SEARCHED = 8

export interface DataTableProps extends TableData {
  /** Spoken name of the table. */
  label: string
  /** Caption above it. */
  title?: string
  /** Rows there are in all; more than `data` has when only the first were sent. */
  total?: number
  /** There are more rows than `total`; nobody counted them. */
  more?: boolean
  /** Columns that were not sent. */
  hiddenColumns?: number
}

/**
 * A table of any length: heads sort, fields filter, only the rows in sight are drawn. The arrow keys go from cell to cell,
 * Mod+C copies one.
 */
export function DataTable(props: DataTableProps) {
  const { label, title, columns, data, hiddenColumns = 0 } = props
  const rows = rowCount(props)
  const { total = rows, more = false } = props
  const [filter, setFilter] = useState('')
  const [byColumn, setByColumn] = useState<Record<number, string>>({})
  const [filtering, setFiltering] = useState(false)
  const [sort, setSort] = useState<SortOrder>()
  const wanted = useDeferredValue(filter)
  const wantedByColumn = useDeferredValue(byColumn)
  const table = useMemo(() => ({ columns, data }), [columns, data])
  const order = useMemo(
    () => arrangeRows(table, { filter: wanted, byColumn: wantedByColumn, sort }),
    [table, wanted, wantedByColumn, sort],
  )
  const writers = useMemo(() => columns.map(({ type }, i) => columnFormat(data[i] ?? [], type)), [columns, data])
  const widths = useMemo(
    () => columns.map((column, i) => columnWidth(column, data[i] ?? [], writers[i]!)),
    [columns, data, writers],
  )
  return (
    <figure className="overflow-hidden rounded-lg border border-line bg-surface text-[13px]">
      {title && <figcaption className="border-line border-b px-3 py-1.5 font-medium">{title}</figcaption>}
      {rows >= SEARCHED && (
        <div className="flex items-center border-line border-b pr-1.5">
          <Filter value={filter} onChange={setFilter} label={label} />
          <IconButton
            small
            label={filtering ? 'Hide the filters of columns' : 'Filter columns'}
            aria-pressed={filtering}
            className={cx(filtering && 'bg-accent-soft text-accent')}
            onClick={() => {
              setFiltering(!filtering)
              setByColumn({})
            }}
          >
            <ListFilter size={14} />
          </IconButton>
        </div>
      )}
      <Grid
        label={title ?? label}
        table={table}
        order={order}
        widths={widths}
        writers={writers}
        sort={sort}
        onSort={(column) => setSort(nextSort(sort, column))}
        filters={filtering ? byColumn : undefined}
        onFilter={(column, text) => setByColumn({ ...byColumn, [column]: text })}
      />
      <footer className="flex h-9 items-center gap-1 border-line border-t bg-sunken px-3 text-ink-2 text-xs">
        <span className="tabular grow" aria-live="polite">
          {summary(order.length, rows, total, more)}
          {hiddenColumns > 0 && `; ${plural(hiddenColumns, 'more column')} left out`}
        </span>
        <IconButton
          small
          label="Copy the rows"
          onClick={() => copyText(toDelimited(table, order, '\t'), `${plural(order.length, 'row')} copied`)}
        >
          <Copy size={13} />
        </IconButton>
        <IconButton
          small
          label="Save the rows as CSV"
          onClick={() => saveFile('table.csv', new Blob([toDelimited(table, order, ',')], { type: 'text/csv' }))}
        >
          <Download size={13} />
        </IconButton>
      </footer>
    </figure>
  )
}

interface GridProps {
  label: string
  table: TableData
  order: number[]
  widths: number[]
  writers: ((value: unknown) => string)[]
  sort: SortOrder | undefined
  onSort: (column: number) => void
  /** Conditions by column; undefined while their fields are hidden. */
  filters: Record<number, string> | undefined
  onFilter: (column: number, text: string) => void
}

function Grid({ label, table, order, widths, writers, sort, onSort, filters, onFilter }: GridProps) {
  const { columns, data } = table
  const id = useId()
  const view = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [active, setActive] = useState<{ row: number; column: number }>()
  const tall = order.length > VIEW_ROWS
  const first = tall ? Math.max(0, Math.floor(top / ROW_HEIGHT) - OVERSCAN) : 0
  const last = tall ? Math.min(order.length, first + VIEW_ROWS + 2 * OVERSCAN) : order.length
  const shown = order.slice(first, last)

  function press(event: KeyboardEvent) {
    if (event.target !== view.current || order.length === 0) return
    const at = active ?? { row: -1, column: 0 }
    if ((event.ctrlKey || event.metaKey) && event.key === 'c' && active && String(getSelection()) === '') {
      event.preventDefault()
      copyText(plainText(data[active.column]?.[order[active.row]!] ?? null), 'Value copied')
      return
    }
    const next = step(event, at, order.length, columns.length)
    if (!next) return
    event.preventDefault()
    setActive(next)
    bringIntoView(view.current, next.row, next.column, widths)
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a region that scrolls, around a real table
    <div
      ref={view}
      role="region"
      aria-label={label}
      aria-describedby={active ? `${id}-at` : undefined}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={press}
      className="overflow-auto focus-visible:outline-offset-[-2px]"
      // Room for the head, its filters and a horizontal bar.
      style={{ maxHeight: VIEW_ROWS * ROW_HEIGHT + 44 + (filters ? 34 : 0) }}
    >
      <span id={`${id}-at`} className="sr-only" aria-live="polite">
        {active && describe(table, order, active)}
      </span>
      <table
        aria-rowcount={order.length + 1}
        className="tabular w-full table-fixed border-separate border-spacing-0"
        style={{ minWidth: `${widths.reduce((a, b) => a + b, 0) * 7.4 + widths.length * 26}px` }}
      >
        <colgroup>
          {widths.map((width, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
            <col key={i} style={{ width: `${width * 7.4 + 26}px` }} />
          ))}
        </colgroup>
        <thead className="sticky top-0 z-[1]">
          <tr aria-rowindex={1}>
            {columns.map((column, i) => (
              <Head
                // biome-ignore lint/suspicious/noArrayIndexKey: columns never move, names may repeat
                key={i}
                column={column}
                order={sort?.column === i ? (sort.descending ? 'descending' : 'ascending') : 'none'}
                onSort={() => onSort(i)}
                filter={filters && (filters[i] ?? '')}
                onFilter={(text) => onFilter(i, text)}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Spacer rows={first} columns={columns.length} />}
          {shown.map((row, i) => (
            <tr key={row} aria-rowindex={first + i + 2} className="group/row" style={{ height: ROW_HEIGHT }}>
              {columns.map((column, k) => {
                const value = data[k]?.[row] ?? null
                return (
                  <td
                    // biome-ignore lint/suspicious/noArrayIndexKey: columns never move
                    key={k}
                    className={cx(
                      'truncate whitespace-nowrap border-line border-b px-3 group-last/row:border-b-0 group-hover/row:bg-sunken/70',
                      column.type === 'number' && 'text-right font-mono text-xs',
                      (column.type === 'json' || column.type === 'boolean') && 'font-mono text-xs',
                      active?.row === first + i &&
                        active.column === k &&
                        'shadow-[inset_0_0_0_2px_var(--accent)] group-hover/row:bg-accent-soft',
                    )}
                    title={plainText(value)}
                    onPointerDown={() => setActive({ row: first + i, column: k })}
                  >
                    {writers[k]!(value)}
                  </td>
                )
              })}
            </tr>
          ))}
          {last < order.length && <Spacer rows={order.length - last} columns={columns.length} />}
        </tbody>
      </table>
      {order.length === 0 && <p className="px-3 py-2 text-ink-2">No rows.</p>}
    </div>
  )
}

/** Rows that are not drawn, as one empty one of their height. */
function Spacer({ rows, columns }: { rows: number; columns: number }) {
  return (
    <tr>
      <td colSpan={columns} style={{ height: rows * ROW_HEIGHT, padding: 0 }} />
    </tr>
  )
}

function step(
  { key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent,
  { row, column }: { row: number; column: number },
  rows: number,
  columns: number,
): { row: number; column: number } | undefined {
  if (altKey || shiftKey) return undefined
  const mod = ctrlKey || metaKey
  const to = (nextRow: number, nextColumn: number) => ({
    row: Math.max(0, Math.min(rows - 1, nextRow)),
    column: Math.max(0, Math.min(columns - 1, nextColumn)),
  })
  switch (key) {
    case 'ArrowDown':
      return to(mod ? rows : row + 1, column)
    case 'ArrowUp':
      return to(mod ? 0 : row - 1, column)
    case 'ArrowRight':
      return to(row, mod ? columns : column + 1)
    case 'ArrowLeft':
      return to(row, mod ? 0 : column - 1)
    case 'PageDown':
      return to(row + VIEW_ROWS, column)
    case 'PageUp':
      return to(row - VIEW_ROWS, column)
    case 'Home':
      return to(mod ? 0 : row, 0)
    case 'End':
      return to(mod ? rows : row, columns)
    default:
      return undefined
  }
}

function bringIntoView(view: HTMLElement | null, row: number, column: number, widths: number[]): void {
  if (!view) return
  const head = view.querySelector('thead')?.clientHeight ?? 0
  const top = row * ROW_HEIGHT
  const room = view.clientHeight - head - ROW_HEIGHT
  if (top < view.scrollTop) view.scrollTop = top
  else if (top > view.scrollTop + room) view.scrollTop = top - room
  const cell = view.querySelectorAll<HTMLElement>('thead th')[column]
  if (!cell || widths.length === 0) return
  if (cell.offsetLeft < view.scrollLeft) view.scrollLeft = cell.offsetLeft
  else if (cell.offsetLeft + cell.offsetWidth > view.scrollLeft + view.clientWidth)
    view.scrollLeft = cell.offsetLeft + cell.offsetWidth - view.clientWidth
}

function describe(table: TableData, order: number[], { row, column }: { row: number; column: number }): string {
  const value = plainText(table.data[column]?.[order[row] ?? -1] ?? null)
  return `Row ${row + 1}, ${table.columns[column]?.name}: ${value || 'empty'}`
}

function Filter({ value, onChange, label }: { value: string; onChange: (value: string) => void; label: string }) {
  return (
    <label className="flex grow items-center gap-2 px-3 text-ink-2 focus-within:text-accent">
      <Search size={14} aria-hidden="true" />
      <span className="sr-only">Filter {label}</span>
      <input
        value={value}
        onChange={(event) => onChange(event.target.value)}
        placeholder="Filter rows"
        className="h-8 w-full bg-transparent text-ink outline-none placeholder:text-ink-2"
      />
    </label>
  )
}

function Head(props: {
  column: Column
  order: 'ascending' | 'descending' | 'none'
  onSort: () => void
  filter: string | undefined
  onFilter: (text: string) => void
}) {
  const { column, order } = props
  const right = column.type === 'number'
  const Arrow = order === 'descending' ? ArrowDown : ArrowUp
  const arrow = (
    <Arrow
      size={12}
      aria-hidden="true"
      className={cx('shrink-0', order === 'none' && 'opacity-0 group-hover:opacity-60')}
    />
  )
  return (
    <th
      scope="col"
      aria-sort={order}
      className="border-line border-b bg-sunken p-0 text-left font-medium text-ink-2 text-xs"
    >
      <button
        type="button"
        onClick={props.onSort}
        title={column.name}
        className={cx(
          'group flex min-h-7 w-full items-center gap-1 whitespace-nowrap px-3 hover:text-ink focus-visible:outline-offset-[-2px]',
          right && 'justify-end',
          order !== 'none' && 'text-accent',
        )}
      >
        {right && arrow}
        <span className="truncate">{column.name}</span>
        {column.unit && <span className="font-normal">({column.unit})</span>}
        {!right && arrow}
      </button>
      {props.filter !== undefined && (
        <input
          aria-label={`Filter ${column.name}`}
          value={props.filter}
          onChange={(event) => props.onFilter(event.target.value)}
          placeholder={right ? '> 5, 1..5' : column.type === 'date' ? '>= 2026-03-01' : 'contains'}
          className="mx-1.5 mb-1.5 h-6 w-[calc(100%-12px)] rounded border border-control bg-surface px-1.5 font-normal text-ink placeholder:text-ink-2"
        />
      )}
    </th>
  )
}

function summary(picked: number, sent: number, total: number, more: boolean): string {
  const rows = picked === sent ? plural(sent, 'row') : `${formatCount(picked)} of ${plural(sent, 'row')}`
  if (total <= sent && !more) return rows
  return `${rows}; the table has ${more ? 'more than ' : ''}${formatCount(total)}, the first ${formatCount(sent)} are here`
}
