'use client'
import { Copy, RotateCcw } from 'lucide-react'
import { useEffect } from 'react'
import { cx } from '../../lib/cx'
import { Button, IconButton } from '../../ui/button'
import { copyText } from '../../ui/clipboard'
import type { ErrorFrame, ErrorPlace, Output } from '../cells'
import { useCommand, useServices } from '../context'
import { useNotebookStore } from '../store'
import { frames, shownPlace, splitTrace, type TracePart } from './error-place'

type ErrorData = Extract<Output, { output_type: 'error' }>
type Place = Pick<ErrorPlace, 'cell' | 'cellId' | 'column'> & { line: number }

/** Names that end a cell without a fault of its code, in words. */
const ENDINGS: Record<string, { title: string; mild?: boolean; lost?: boolean }> = {
  KeyboardInterrupt: { title: 'Interrupted', mild: true },
  SystemExit: { title: 'Ended by process.exit', mild: true },
  MemoryLimitError: { title: 'Stopped at the memory limit' },
  KernelDied: { title: 'The kernel died', lost: true },
  KernelRestarted: { title: 'The kernel was restarted', mild: true, lost: true },
  KernelStopped: { title: 'The kernel was stopped', mild: true, lost: true },
  RunnerStopped: { title: 'The runner was stopped', lost: true },
}

/** An error of a cell: what, where (a press shows the line), what to do next, and the stack. */
export function ErrorOutput({ error, cellId }: { error: ErrorData; cellId: string }) {
  const reveal = useReveal(cellId)
  const { ename, evalue, traceback, mayfly } = error
  const stack = frames(traceback, ename, evalue)
  const led = mayfly?.frames ?? []
  const ending = ENDINGS[ename]
  // The stack is folded away then, but what caused the error is half of what is to be known.
  const causes = led.length > 0 ? stack.filter((line) => line.trimStart().startsWith('Caused by:')) : []
  return (
    <div
      data-testid="error-output"
      className={cx(
        'relative rounded-md border border-l-4 px-3 py-2 text-[13px]',
        ending?.mild ? 'border-warn/40 border-l-warn bg-warn-soft' : 'border-bad/30 border-l-bad bg-bad-soft',
      )}
    >
      {ending && (
        <p className="pr-8 font-semibold">
          {ending.title} <code className="ml-1 font-normal text-ink-2 text-xs">{ename}</code>
        </p>
      )}
      <p className="pr-8 [overflow-wrap:anywhere]">
        {!ending && <strong className="font-semibold text-bad">{ename}</strong>}
        {evalue && <span className="whitespace-pre-wrap">{ending ? evalue : `: ${evalue}`}</span>}
      </p>
      {causes.map((cause) => (
        <p key={cause} className="mt-0.5 text-ink-2 [overflow-wrap:anywhere]">
          {cause.trim()}
        </p>
      ))}
      {mayfly?.hint && <p className="mt-0.5 text-ink-2">→ {mayfly.hint}</p>}
      {(mayfly?.line !== undefined || mayfly?.code) && led.length === 0 && (
        <p className="mt-1 flex flex-wrap items-center gap-x-3 text-xs">
          {mayfly.line !== undefined && (
            <PlaceButton text={placeText(mayfly)} onPress={() => reveal({ ...mayfly, line: mayfly.line! })} />
          )}
          {mayfly.code && <code className="text-ink-2">{mayfly.code}</code>}
        </p>
      )}
      {led.length > 0 && <Frames frames={led} code={mayfly?.code} onReveal={reveal} />}
      {stack.length > 0 && <Stack lines={stack} folded={led.length > 0} onReveal={reveal} />}
      {ending && <Actions ename={ename} lost={ending.lost} />}
      <IconButton
        small
        label="Copy details"
        className="absolute top-1.5 right-1.5"
        onClick={() => {
          const text = [`${ename}: ${evalue}`, mayfly?.code, mayfly?.hint, ...stack].filter(Boolean).join('\n')
          copyText(text, 'Error details copied')
        }}
      >
        <Copy size={13} />
      </IconButton>
    </div>
  )
}

/** What helps after an ending that is not the code's fault. */
function Actions({ ename, lost }: { ename: string; lost: boolean | undefined }) {
  const run = useCommand()
  if (ename !== 'MemoryLimitError' && !lost) return null
  return (
    <p className="mt-1.5 flex flex-wrap gap-2">
      {lost ? (
        <Button onClick={() => run('notebook.run-above')}>Run the cells above again</Button>
      ) : (
        <Button onClick={() => run('kernel.restart')}>
          <RotateCcw size={13} /> Restart the kernel
        </Button>
      )}
    </p>
  )
}

/** The frames that can be gone to. */
function Frames(props: { frames: ErrorFrame[]; code: string | undefined; onReveal: (place: Place) => void }) {
  return (
    <ol className="mt-1 text-xs" aria-label="Where it happened">
      {props.frames.map((frame, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the frames of an error never move
        <li key={i} className="flex flex-wrap items-center gap-x-2">
          {frame.file === undefined ? (
            <PlaceButton text={placeText(frame)} onPress={() => props.onReveal(frame)} />
          ) : (
            <FilePlace file={frame.file} frame={frame} />
          )}
          {frame.name && <code className="text-ink-2">in {frame.name}</code>}
          {i === 0 && props.code && <code className="ml-auto pr-1 text-ink-2">{props.code}</code>}
        </li>
      ))}
    </ol>
  )
}

function FilePlace({ file, frame }: { file: string; frame: ErrorFrame }) {
  const { client } = useServices()
  useEffect(() => void client.allowLinks().catch(() => {}), [client])
  const place = `${file}:${frame.line}:${frame.column}`
  return (
    <span className="inline-flex items-center">
      <a
        href={client.fileHref(file)}
        target="_blank"
        rel="noopener"
        className="inline-flex min-h-6 items-center font-medium text-accent underline"
      >
        {place}
      </a>
      <IconButton small label="Copy the place" onClick={() => copyText(place, `${place} copied`)}>
        <Copy size={12} />
      </IconButton>
    </span>
  )
}

/** The stack as text; folded away when the frames above say the same. */
function Stack(props: { lines: string[]; folded: boolean; onReveal: (place: Place) => void }) {
  const lines = (
    <pre className="mt-1.5 overflow-x-auto whitespace-pre-wrap text-ink-2 text-xs leading-5 [overflow-wrap:anywhere]">
      {props.lines.map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a trace never move
        <div key={i}>
          {splitTrace(line).map((part, k) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: nor do their parts
            <Part key={k} part={part} onReveal={props.onReveal} />
          ))}
        </div>
      ))}
    </pre>
  )
  if (!props.folded) return lines
  return (
    <details>
      <summary className="mt-1 w-fit cursor-pointer text-ink-2 text-xs leading-6">Whole stack</summary>
      {lines}
    </details>
  )
}

function Part({ part, onReveal }: { part: TracePart; onReveal: (place: Place) => void }) {
  if (typeof part === 'string') return part
  return (
    <button type="button" className="text-accent underline" onClick={() => onReveal(part)}>
      {part.text}
    </button>
  )
}

function PlaceButton({ text, onPress }: { text: string; onPress: () => void }) {
  return (
    <button type="button" className="min-h-6 font-medium text-accent underline" onClick={onPress}>
      {text}
    </button>
  )
}

/** Goes to a line: by cell id, by execution count, else in the cell that shows the error. */
function useReveal(own: string) {
  const store = useNotebookStore()
  return (place: Place) => {
    const cellId = shownPlace(store.getState().cells, place, own)
    const reveal = { cellId, line: place.line, column: place.column ?? 1 }
    store.setState({ selected: cellId, mode: 'edit', reveal })
  }
}

function placeText({ cell, line, column }: Pick<ErrorPlace, 'cell' | 'line' | 'column'>): string {
  const where = cell === undefined ? `Line ${line}` : `Cell ${cell}, line ${line}`
  return column === undefined ? where : `${where}, column ${column}`
}
