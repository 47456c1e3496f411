/**
 * What of an execution's output is shown. A loop that prints without end must choke neither the page nor the notebook's file, nor
 * hold up an interrupt: beyond a head of text, and beyond a number of displays, output goes to a file, and the end of the text is
 * shown when the cell is over.
 */
// Not the global one, which cells may replace.
import { setTimeout } from 'node:timers'
import type { Bundle, FromChild } from '../protocol.js'
import { RestFile } from './rest.js'
import { cutBundle, sizeOf } from './sizes.js'

/** Characters of text shown at once, and at the end. */
export const SHOWN_TEXT = 2 ** 20
export const SHOWN_TAIL = 64 * 1024
/** Displays shown, and about how many characters in all. */
export const SHOWN_DISPLAYS = 500
const SHOWN_DISPLAY_SIZE = 32 * 2 ** 20
/** Executions whose late output is still counted to them. */
const REMEMBERED = 100
const HIDDEN_IDS = 100_000
const NEWS_MS = 500

type StreamName = 'stdout' | 'stderr'

interface Flow {
  run: number
  script: string
  /** Counts the files of the execution. */
  files: number
  shownText: number
  displays: number
  displaySize: number
  rest: { file: RestFile; displayId: string; toldAt: number; toldBytes: number } | undefined
  tail: { name: StreamName; text: string }[]
  tailSize: number
  over: boolean
}

export class OutputGate {
  readonly #folder: string
  readonly #kernelId: string
  readonly #post: (frame: FromChild, size: number) => void
  readonly #flows = new Map<number, Flow>()
  /** Displays that are not shown: neither are their updates. */
  readonly #hidden = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  /** @param folder Where the files go: `outputs/` of Mayfly's home. */
  constructor(folder: string, kernelId: string, post: (frame: FromChild, size: number) => void) {
    this.#folder = folder
    this.#kernelId = kernelId
    this.#post = post
  }

  begin(run: number, script: string): void {
    this.#flows.set(run, {
      run,
      script,
      files: 0,
      shownText: 0,
      displays: 0,
      displaySize: 0,
      rest: undefined,
      tail: [],
      tailSize: 0,
      over: false,
    })
    const old = this.#flows.get(run - REMEMBERED)
    old?.rest?.file.close()
    this.#flows.delete(run - REMEMBERED)
  }

  text(run: number, name: StreamName, text: string): void {
    const flow = this.#flows.get(run)
    // Of code whose cell was long ago: little is expected, nothing is remembered.
    if (!flow) {
      this.#post({ op: 'stream', run, name, text: text.slice(0, SHOWN_TAIL) }, 0)
      return
    }
    const left = SHOWN_TEXT - flow.shownText
    const shown = text.length <= left ? text : headOf(text, Math.max(0, left))
    flow.shownText += shown.length
    if (shown) this.#post({ op: 'stream', run, name, text: shown }, shown.length)
    if (shown.length < text.length) this.#hide(flow, name, text.slice(shown.length))
  }

  display(run: number, data: Bundle, metadata: Bundle, displayId: string, update: boolean): void {
    if (update && this.#hidden.has(displayId)) return
    const flow = this.#flows.get(run)
    const size = sizeOf(data)
    if (flow && !update) {
      flow.displays++
      flow.displaySize += size
      if (flow.displays > SHOWN_DISPLAYS || flow.displaySize > SHOWN_DISPLAY_SIZE) {
        this.#hideDisplay(flow, data, displayId)
        return
      }
    }
    const { kept, cut } = cutBundle(data, size)
    this.#post({ op: 'display', run, data: kept, metadata, displayId, update }, Math.min(size, SHOWN_DISPLAY_SIZE))
    if (cut !== undefined && flow && !update) this.#showFile(flow, cut)
  }

  clear(run: number, wait: boolean): void {
    const flow = this.#flows.get(run)
    if (flow) {
      flow.rest?.file.close()
      Object.assign(flow, { shownText: 0, displays: 0, displaySize: 0, rest: undefined, tail: [], tailSize: 0 })
    }
    this.#post({ op: 'clear', run, wait }, 0)
  }

  /** The result of a cell as it may be shown; what is cut away goes to a file. */
  result(run: number, data: Bundle): Bundle {
    const { kept, cut } = cutBundle(data, sizeOf(data))
    const flow = this.#flows.get(run)
    if (cut !== undefined && flow) this.#showFile(flow, cut)
    return kept
  }

  /** The cell is over: the end of its text is shown, and what the file has. */
  end(run: number): void {
    const flow = this.#flows.get(run)
    if (!flow) return
    flow.over = true
    if (!flow.rest) return
    flow.rest.file.end()
    this.#tell(flow)
    for (const { name, text } of endOf(flow.tail)) this.#post({ op: 'stream', run, name, text }, text.length)
    flow.tail = []
    flow.tailSize = 0
  }

  #hide(flow: Flow, name: StreamName, text: string): void {
    const written = this.#restOf(flow).file.write(text)
    if (!flow.over) this.#keepTail(flow, name, text)
    if (written && performance.now() - flow.rest!.toldAt > NEWS_MS) this.#tell(flow)
    else this.#timer ??= setTimeout(() => this.#flushAll(), NEWS_MS).unref()
  }

  #hideDisplay(flow: Flow, data: Bundle, displayId: string): void {
    this.#hidden.add(displayId)
    if (this.#hidden.size > HIDDEN_IDS) this.#hidden.delete(this.#hidden.values().next().value!)
    const text = data['text/plain']
    const line = typeof text === 'string' && text !== '' ? text : Object.keys(data).join(', ')
    this.#hide(flow, 'stdout', `${line}\n`)
  }

  #keepTail(flow: Flow, name: StreamName, text: string): void {
    const piece = text.slice(-SHOWN_TAIL)
    flow.tail.push({ name, text: piece })
    flow.tailSize += piece.length
    if (flow.tailSize < 4 * SHOWN_TAIL) return
    flow.tail = endOf(flow.tail)
    flow.tailSize = flow.tail.reduce((sum, { text }) => sum + text.length, 0)
  }

  #restOf(flow: Flow): NonNullable<Flow['rest']> {
    if (flow.rest) return flow.rest
    const { file, displayId } = this.#newFile(flow)
    flow.rest = { file, displayId, toldAt: performance.now(), toldBytes: 0 }
    this.#post({ op: 'display', run: flow.run, data: file.bundle(), metadata: {}, displayId }, 0)
    return flow.rest
  }

  /** A file for one value that is too large to be shown. */
  #showFile(flow: Flow, text: string): void {
    const { file, displayId } = this.#newFile(flow)
    file.write(text)
    file.end()
    this.#post({ op: 'display', run: flow.run, data: file.bundle(), metadata: {}, displayId }, 0)
    file.close()
  }

  #newFile(flow: Flow): { file: RestFile; displayId: string } {
    const again = flow.files++ === 0 ? '' : `-${flow.files}`
    const name = `${this.#kernelId}/${flow.script}-${flow.run}${again}.txt`
    return { file: new RestFile(this.#folder, name), displayId: `rest-${name}` }
  }

  #tell(flow: Flow): void {
    const { rest, run } = flow
    if (!rest) return
    rest.toldAt = performance.now()
    rest.toldBytes = rest.file.bytes
    const { file, displayId } = rest
    this.#post({ op: 'display', run, data: file.bundle(), metadata: {}, displayId, update: true }, 0)
  }

  /** What no later output has carried out: of each file that has grown since it was told of, and of no other. */
  #flushAll(): void {
    this.#timer = undefined
    for (const flow of this.#flows.values()) {
      flow.rest?.file.flush()
      if (flow.rest && flow.rest.file.bytes > flow.rest.toldBytes) this.#tell(flow)
    }
  }
}

/** The first characters of a text; a pair of code units stays together. */
function headOf(text: string, length: number): string {
  const split = /[\uD800-\uDBFF]/.test(text[length - 1] ?? '')
  return text.slice(0, split ? length - 1 : length)
}

/** The last `SHOWN_TAIL` characters, from the start of a line where there is one; neighbours of one stream joined. */
function endOf(pieces: Flow['tail']): Flow['tail'] {
  const end: Flow['tail'] = []
  let left = SHOWN_TAIL
  let cut = false
  for (let i = pieces.length - 1; i >= 0 && left > 0; i--) {
    const { name, text } = pieces[i]!
    const part = text.slice(-left)
    left -= part.length
    cut = part.length < text.length || i > 0
    const next = end[0]
    if (next?.name === name) next.text = part + next.text
    else end.unshift({ name, text: part })
  }
  const first = end[0]
  if (first && cut) first.text = first.text.slice(first.text.indexOf('\n') + 1)
  return end
}
