'use client'
import { ChevronRight, RefreshCw, TextCursorInput } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { cx } from '../../lib/cx'
import { formatBytes, formatCount, plural } from '../../lib/format'
import { IconButton } from '../../ui/button'
import { useServices } from '../context'
import type { Variable, VariableChild } from '../runner-schemas'
import { useNotebook, useNotebookStore } from '../store'
import { goToCell } from './go-to'
import { insertText } from './insert'
import { useVariables } from './use-variables'

/** The variables the cells have defined, with types, sizes and previews; nothing of the user's runs to show them. */
export function VariablesPanel() {
  const { list, failed, refresh } = useVariables()
  const [filter, setFilter] = useState('')
  const needle = filter.trim().toLowerCase()
  const shown = useMemo(
    () => list?.variables.filter(({ name, type }) => `${name} ${type}`.toLowerCase().includes(needle)) ?? [],
    [list, needle],
  )
  return (
    <div className="text-[13px]" aria-busy={list?.busy}>
      <div className="mb-2 flex items-center gap-1.5">
        <input
          aria-label="Filter variables"
          placeholder="Filter by name or type"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
          className="h-8 min-w-0 grow rounded-md border border-control bg-surface px-2 placeholder:text-ink-2"
        />
        <IconButton small label="Refresh" onClick={refresh}>
          <RefreshCw size={13} />
        </IconButton>
      </div>
      <p role="status" className="mb-1 min-h-5 text-ink-2 text-xs">
        {failed
          ? 'The kernel cannot be asked at the moment.'
          : list?.busy
            ? `The kernel is computing; as of ${new Date(list.at).toLocaleTimeString('en-GB')}.`
            : list && plural(list.variables.length, 'variable')}
      </p>
      {list && list.variables.length === 0 && (
        <p className="text-ink-2">Names that cells define appear here, for example after running “const x = 1”.</p>
      )}
      {shown.length > 0 && (
        <table className="w-full table-fixed border-collapse" aria-label="Variables">
          <colgroup>
            <col className="w-[27%]" />
            <col className="w-[20%]" />
            <col className="w-[24%]" />
            <col />
          </colgroup>
          <thead>
            <tr className="border-line border-b text-left text-ink-2 text-xs">
              {['Name', 'Type', 'Size', 'Value'].map((head) => (
                <th key={head} scope="col" className={cx('px-1.5 py-1 font-medium', head === 'Size' && 'text-right')}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((variable) => (
              <Row
                key={variable.name}
                root={variable}
                value={variable}
                path={[]}
                label={variable.name}
                stamp={list!.at}
              />
            ))}
          </tbody>
        </table>
      )}
      {list && list.variables.length > 0 && shown.length === 0 && (
        <p className="text-ink-2">No name or type matches.</p>
      )}
    </div>
  )
}

type Value = Variable | VariableChild

interface RowProps {
  root: Variable
  value: Value
  path: (string | number)[]
  label: string
  /** When the values are of: children are asked for anew when it changes. */
  stamp: string
}

function Row({ root, value, path, label, stamp }: RowProps) {
  const [open, setOpen] = useState(false)
  const depth = path.length
  return (
    <>
      <tr className="group/row border-line border-b hover:bg-sunken">
        <th scope="row" className="py-0.5 pr-1 text-left font-normal" style={{ paddingLeft: depth * 12 }}>
          <span className="flex items-center">
            {value.expandable ? (
              <button
                type="button"
                aria-expanded={open}
                aria-label={`Contents of ${label}`}
                onClick={() => setOpen(!open)}
                className="flex size-6 shrink-0 items-center justify-center rounded text-ink-2 hover:bg-line/60"
              >
                <ChevronRight size={13} className={cx('transition-transform', open && 'rotate-90')} />
              </button>
            ) : (
              <span className="w-6 shrink-0" />
            )}
            <Name root={root} label={label} depth={depth} />
          </span>
        </th>
        <td className="truncate px-1.5 text-ink-2 text-xs" title={value.type}>
          {value.type}
        </td>
        <td className="tabular truncate px-1.5 text-right text-ink-2 text-xs" title={sizeText(value)}>
          {sizeText(value)}
        </td>
        <td className="truncate px-1.5 font-mono text-xs" title={value.preview}>
          {value.preview}
        </td>
      </tr>
      {open && <Children root={root} path={path} stamp={stamp} depth={depth + 1} />}
    </>
  )
}

/** The name: of a variable, a way to the cell that defines it and into the cell that is edited. */
function Name({ root, label, depth }: { root: Variable; label: string; depth: number }) {
  const store = useNotebookStore()
  const { models } = useServices()
  const target = useNotebook((state) => state.selected)
  const known = useNotebook(({ cells }) => root.cellId !== undefined && root.cellId !== null && !!cells[root.cellId])
  if (depth > 0) return <span className="truncate font-mono text-xs">{label}</span>
  return (
    <>
      {known ? (
        <button
          type="button"
          title={`${root.kind} ${label}: go to its cell`}
          onClick={() => goToCell(store, root.cellId!)}
          className="min-h-6 min-w-6 truncate text-left font-mono text-accent text-xs hover:underline"
        >
          {label}
        </button>
      ) : (
        <span className="truncate font-mono text-xs" title={root.kind}>
          {label}
        </span>
      )}
      {target !== undefined && (
        <IconButton
          small
          label={`Insert ${label} into the cell`}
          className="ml-auto opacity-0 focus-visible:opacity-100 group-hover/row:opacity-100"
          onClick={() => void insertText(store, models, target, label)}
        >
          <TextCursorInput size={12} />
        </IconButton>
      )}
    </>
  )
}

function Children({ root, path, stamp, depth }: Pick<RowProps, 'root' | 'path' | 'stamp'> & { depth: number }) {
  const { client } = useServices()
  const kernelId = useNotebook((state) => state.kernelId)
  const [children, setChildren] = useState<VariableChild[]>()
  const [total, setTotal] = useState(0)
  const [failed, setFailed] = useState(false)
  const place = JSON.stringify(path)

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new stamp means new values
  useEffect(() => {
    if (kernelId === undefined) return
    let wanted = true
    client.variable(kernelId, root.name, JSON.parse(place), 0).then(
      (detail) => {
        if (!wanted) return
        setChildren(detail.children)
        setTotal(detail.total)
        setFailed(false)
      },
      () => wanted && setFailed(true),
    )
    return () => {
      wanted = false
    }
  }, [client, kernelId, root.name, place, stamp])

  const more = async () => {
    if (kernelId === undefined || !children) return
    const detail = await client.variable(kernelId, root.name, path, children.length).catch(() => undefined)
    if (detail) setChildren([...children, ...detail.children])
  }
  const note = (content: React.ReactNode) => (
    <tr>
      <td colSpan={4} className="py-1 text-ink-2 text-xs" style={{ paddingLeft: depth * 12 + 24 }}>
        {content}
      </td>
    </tr>
  )
  if (failed) return note('Its contents cannot be shown at the moment.')
  if (!children) return note('…')
  return (
    <>
      {children.map((child) => (
        <Row key={child.key} root={root} value={child} path={[...path, child.key]} label={child.label} stamp={stamp} />
      ))}
      {total > children.length &&
        note(
          <button type="button" className="min-h-6 text-accent hover:underline" onClick={() => void more()}>
            {formatCount(total - children.length)} more
          </button>,
        )}
    </>
  )
}

/** `1 000 × 3`, `200 · 1.6 KiB`, `1.6 KiB`. */
export function sizeText({ length, shape, bytes }: Pick<Value, 'length' | 'shape' | 'bytes'>): string {
  const count =
    shape && shape.length > 1 ? shape.map(formatCount).join(' × ') : length === undefined ? '' : formatCount(length)
  return [count, bytes === undefined ? '' : formatBytes(bytes)].filter(Boolean).join(' · ')
}
