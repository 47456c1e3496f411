'use client'
import { ArrowDown, ArrowUp, CaseSensitive, Regex, WholeWord, X } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { cx } from '../lib/cx'
import { formatCount } from '../lib/format'
import { Button, IconButton } from '../ui/button'
import { TOP_BAR_HEIGHT } from '../ui/top-bar'
import { useServices } from './context'
import { type FindOptions, findAll, type Match, patternOf, replaceIn } from './find'
import { type Monaco, useMonaco } from './monaco'
import { edited, useNotebook, useNotebookStore } from './store'

/** Finds and replaces in all cells. Enter goes on, Shift+Enter back, Esc closes. */
export function FindBar() {
  const store = useNotebookStore()
  const open = useNotebook((state) => state.finding)
  return open ? <Bar onClose={() => store.setState({ finding: false })} /> : null
}

const SWITCHES = [
  { key: 'matchCase', label: 'Match case', icon: <CaseSensitive size={15} /> },
  { key: 'wholeWord', label: 'Whole words', icon: <WholeWord size={15} /> },
  { key: 'regex', label: 'Regular expression', icon: <Regex size={14} /> },
] as const

const FIELD = 'h-7 min-w-0 grow rounded border border-control bg-surface px-2 text-[13px] placeholder:text-ink-2'

function Bar({ onClose }: { onClose: () => void }) {
  const store = useNotebookStore()
  const order = useNotebook((state) => state.order)
  const cells = useNotebook((state) => state.cells)
  const [options, setOptions] = useState<FindOptions>({ text: '', matchCase: false, wholeWord: false, regex: false })
  const [replacement, setReplacement] = useState('')
  const [at, setAt] = useState(0)
  const field = useRef<HTMLInputElement>(null)
  const pattern = useMemo(() => patternOf(options), [options])
  const matches = useMemo(
    () => (pattern instanceof RegExp ? findAll(order, cells, pattern) : []),
    [pattern, order, cells],
  )
  const current = matches.length === 0 ? undefined : matches[at % matches.length]
  useHighlights(matches, current)
  useEffect(() => field.current?.focus(), [])

  const show = (match: Match | undefined) => {
    if (!match) return
    store.setState({ selected: match.cellId, mode: 'command' })
    document.getElementById(`cell-${match.cellId}`)?.scrollIntoView({ block: 'center' })
  }
  const go = (by: 1 | -1) => {
    if (matches.length === 0) return
    const next = (at + by + matches.length) % matches.length
    setAt(next)
    show(matches[next])
  }
  const replace = (which: readonly Match[]) => {
    if (!(pattern instanceof RegExp) || which.length === 0) return
    store.setState((state) => {
      const changed = { ...state.cells }
      for (const id of new Set(which.map(({ cellId }) => cellId))) {
        const mine = which.filter(({ cellId }) => cellId === id)
        const source = replaceIn(changed[id]!.source, mine, pattern, replacement, options.regex)
        changed[id] = { ...changed[id]!, source }
      }
      return edited(state, { cells: changed })
    })
    // The button that was pressed may be of no use any more, and lose the focus.
    field.current?.focus()
  }
  return (
    <search
      aria-label="Find in the notebook"
      data-testid="find-bar"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.preventDefault()
        onClose()
      }}
      className="fixed right-4 z-30 w-[27rem] max-w-[calc(100vw-2rem)] rounded-lg border border-line bg-raised p-2 shadow-float"
      style={{ top: TOP_BAR_HEIGHT + 52 }}
    >
      <form
        className="flex items-center gap-1"
        onSubmit={(event) => {
          event.preventDefault()
          go(1)
        }}
      >
        <input
          ref={field}
          aria-label="Find"
          placeholder="Find"
          value={options.text}
          onChange={(event) => {
            setOptions({ ...options, text: event.target.value })
            setAt(0)
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !event.shiftKey) return
            event.preventDefault()
            go(-1)
          }}
          className={FIELD}
        />
        {SWITCHES.map(({ key, label, icon }) => (
          <IconButton
            key={key}
            small
            label={label}
            aria-pressed={options[key]}
            className={cx(options[key] && 'bg-accent-soft text-accent')}
            onClick={() => setOptions({ ...options, [key]: !options[key] })}
          >
            {icon}
          </IconButton>
        ))}
        <IconButton small label="Previous match" keys="shift+enter" onClick={() => go(-1)}>
          <ArrowUp size={14} />
        </IconButton>
        <IconButton small label="Next match" keys="enter" type="submit">
          <ArrowDown size={14} />
        </IconButton>
        <IconButton small label="Close" keys="escape" onClick={onClose}>
          <X size={14} />
        </IconButton>
      </form>
      <div className="mt-1.5 flex items-center gap-1.5">
        <input
          aria-label="Replace with"
          placeholder="Replace with"
          value={replacement}
          onChange={(event) => setReplacement(event.target.value)}
          className={FIELD}
        />
        <Button className="h-7" disabled={!current} onClick={() => current && replace([current])}>
          Replace
        </Button>
        <Button className="h-7" disabled={!current} onClick={() => replace(matches)}>
          Replace all
        </Button>
      </div>
      <p role="status" className={cx('mt-1 text-xs', typeof pattern === 'string' ? 'text-bad' : 'text-ink-2')}>
        {typeof pattern === 'string' ? pattern : countText(options.text, at, matches.length)}
      </p>
    </search>
  )
}

function countText(text: string, at: number, count: number): string {
  if (text === '') return 'Finds in the sources of all cells.'
  return count === 0 ? 'No match.' : `${(at % count) + 1} of ${formatCount(count)}`
}

/** Marks the matches in the editors. */
function useHighlights(matches: readonly Match[], current: Match | undefined) {
  const { models } = useServices()
  const monaco = useMonaco()
  useEffect(() => {
    if (!monaco) return
    const byCell = new Map<string, Match[]>()
    for (const match of matches) byCell.set(match.cellId, [...(byCell.get(match.cellId) ?? []), match])
    const marked = [...byCell].map(([id, mine]) => {
      const model = models.of(monaco, id)
      return {
        model,
        ids: model.deltaDecorations(
          [],
          mine.map((match) => decoration(monaco, model, match, match === current)),
        ),
      }
    })
    return () => {
      for (const { model, ids } of marked) if (!model.isDisposed()) model.deltaDecorations(ids, [])
    }
  }, [matches, current, models, monaco])
}

type Model = ReturnType<ReturnType<typeof useServices>['models']['of']>

function decoration(monaco: Monaco, model: Model, { from, to }: Match, current: boolean) {
  const [start, end] = [model.getPositionAt(from), model.getPositionAt(to)]
  // Monaco takes no class names with a slash.
  const className = current ? 'bg-warn-soft outline outline-warn' : 'bg-warn-soft'
  return { range: new monaco.Range(start.lineNumber, start.column, end.lineNumber, end.column), options: { className } }
}
