'use client'
import { IMAGE_MIME } from '@mayfly/executor/events'
import { ChevronRight } from 'lucide-react'
import { Fragment, memo, useMemo, useState } from 'react'
import { cx } from '../../lib/cx'
import { plural } from '../../lib/format'
import type { Bundle, Output } from '../cells'
import { useServices } from '../context'
import { joinText } from '../document'
import { isFolded, toggleFold, useNotebook, useNotebookStore } from '../store'
import { BUILTIN_RENDERERS } from './builtin'
import { ErrorOutput } from './error'
import { JsonOutput } from './json'
import { chooseRenderer, type Renderer, type RendererProps } from './renderer'
import { TextOutput } from './text'

/** All outputs of a cell. They stay mounted while the cell runs again, dimmed until the new ones come. */
export function CellOutputs({ id }: { id: string }) {
  const outputs = useNotebook((state) => state.cells[id]?.outputs)
  const stale = useNotebook((state) => state.cells[id]?.stale ?? false)
  const { renderers: extra } = useServices()
  const renderers = useMemo(() => [...extra, ...BUILTIN_RENDERERS], [extra])
  const folded = useNotebook((state) => isFolded(state.cells[id], 'outputs_hidden'))
  const store = useNotebookStore()
  const [all, setAll] = useState(false)
  if (!outputs || outputs.length === 0) return null
  if (folded) {
    return (
      <button
        type="button"
        onClick={() => store.setState((state) => toggleFold(state, [id], 'outputs_hidden'))}
        className="flex min-h-8 w-full items-center gap-2 rounded-b-[7px] border-line border-t bg-bg px-3 text-ink-2 text-xs hover:text-ink"
      >
        <ChevronRight size={13} aria-hidden="true" /> {plural(outputs.length, 'output')} folded
      </button>
    )
  }
  // The first ones and the last: a loop that displays ten thousand values must not make ten thousand frames.
  const left = all || outputs.length <= MOST_SHOWN ? 0 : outputs.length - MOST_SHOWN
  const half = MOST_SHOWN / 2
  const draw = (part: readonly Output[], offset: number) => (
    <Rows outputs={part} offset={offset} cellId={id} renderers={renderers} />
  )
  return (
    <div
      data-testid="cell-output"
      data-stale={stale || undefined}
      className={cx('flex flex-col gap-2 rounded-b-[7px] border-line border-t bg-bg px-3 py-2.5', stale && 'grayscale')}
      title={stale ? 'From an earlier run or kernel' : undefined}
    >
      {left === 0 ? draw(outputs, 0) : draw(outputs.slice(0, half), 0)}
      {left > 0 && (
        <button
          type="button"
          onClick={() => setAll(true)}
          className="min-h-7 rounded bg-sunken px-2 text-accent text-xs hover:underline"
        >
          {plural(left, 'more output')} in between: show all
        </button>
      )}
      {left > 0 && draw(outputs.slice(-half), outputs.length - half)}
    </div>
  )
}

/** Outputs of a cell that are drawn without asking. */
const MOST_SHOWN = 100

function Rows(props: { outputs: readonly Output[]; offset: number; cellId: string; renderers: readonly Renderer[] }) {
  const { offset, cellId, renderers } = props
  return inRows(props.outputs).map(({ first, row }) => {
    const shown = row.map((output, i) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: outputs are only ever appended, replaced in place or cleared
      <OneOutput key={offset + first + i} output={output} cellId={cellId} renderers={renderers} />
    ))
    // One picture has a row too, so that it stays where it is when a second one comes.
    return isPicture(row[0]!) ? (
      <div key={`row ${offset + first}`} data-testid="picture-row" className="flex flex-wrap items-start gap-4">
        {shown}
      </div>
    ) : (
      shown
    )
  })
}

/** The outputs in their order; pictures that follow one another share a row. */
export function inRows(outputs: readonly Output[]): { first: number; row: Output[] }[] {
  const rows: { first: number; row: Output[] }[] = []
  for (const [i, output] of outputs.entries()) {
    const last = rows.at(-1)
    if (last && isPicture(output) && isPicture(last.row[0]!)) last.row.push(output)
    else rows.push({ first: i, row: [output] })
  }
  return rows
}

function isPicture(output: Output): boolean {
  if (output.output_type === 'stream' || output.output_type === 'error') return false
  const mime = chooseRenderer(BUILTIN_RENDERERS, output.data)?.mime
  return mime !== undefined && (mime.startsWith('image/') || mime === IMAGE_MIME)
}

const OneOutput = memo(function OneOutput(props: { output: Output; cellId: string; renderers: readonly Renderer[] }) {
  const { output, cellId, renderers } = props
  switch (output.output_type) {
    case 'stream':
      return <TextOutput text={output.text} error={output.name === 'stderr'} />
    case 'error':
      return <ErrorOutput error={output} cellId={cellId} />
    default: {
      const renderer = chooseRenderer(renderers, output.data)
      if (!renderer) return <UnknownOutput data={output.data} />
      const metadata = (output.metadata[renderer.mime] ?? output.metadata) as Record<string, unknown>
      return <Rendered renderer={renderer} props={{ data: output.data[renderer.mime], metadata, cellId }} />
    }
  }
})

/** As a component of its own, so that a type that changes with an update starts afresh. */
function Rendered({ renderer, props }: { renderer: Renderer; props: RendererProps }) {
  return <Fragment key={renderer.mime}>{renderer.render(props)}</Fragment>
}

/** A type nobody knows: text as text, JSON as a tree, the rest by name. */
function UnknownOutput({ data }: { data: Bundle }) {
  const types = Object.keys(data)
  if (types.length === 0) return null
  const text = types.find((type) => type.startsWith('text/'))
  if (text) return <TextOutput text={joinText(data[text])} />
  const json = types.find((type) => type.endsWith('+json'))
  return (
    <div>
      <p className="text-ink-2 text-xs">No way to show {types.join(', ')}</p>
      {json && <JsonOutput value={data[json]} />}
    </div>
  )
}
