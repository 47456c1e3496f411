/** Progress bars: what is done, how long it took, how long it will take. Shown ten times a second at most, the end always. */
import { types } from 'node:util'
import { PROGRESS_MIME, type ProgressOutput } from '@mayfly/executor/events'
import type { Bundle } from '../../protocol.js'

const INTERVAL_MS = 100
const BAR = 24

type State = ProgressOutput['state']

/** Where a bar is shown, and who says that the user gave up. */
export interface ProgressOutlet {
  show(bundle: Bundle): { id: string; update(bundle: Bundle): void }
  onInterrupt(callback: () => void): () => void
}

export class ProgressBar implements Mayfly.Progress {
  readonly #startedAt = Date.now()
  readonly #begun = performance.now()
  readonly #total: number | undefined
  readonly #shown: { id: string; update(bundle: Bundle): void }
  readonly #forget: () => void
  #label: string
  #done = 0
  #state: State = 'running'
  #sentAt = performance.now()
  #timer: NodeJS.Timeout | undefined

  constructor(outlet: ProgressOutlet, total: number | undefined, label: string) {
    this.#total = total
    this.#label = label
    this.#shown = outlet.show(this.#bundle())
    this.#forget = outlet.onInterrupt(() => this.end('cancelled'))
  }

  get id(): string {
    return this.#shown.id
  }

  step(n = 1): void {
    this.set(this.#done + n)
  }

  set(done: number): void {
    if (this.#state !== 'running' || !Number.isFinite(done)) return
    this.#done = done
    this.#changed()
  }

  label(text: string): void {
    this.#label = String(text)
    if (this.#state === 'running') this.#changed()
    else this.#send()
  }

  done(): void {
    if (this.#total !== undefined && this.#state === 'running') this.#done = this.#total
    this.end('done')
  }

  fail(): void {
    this.end('failed')
  }

  clear(): void {
    this.end('done')
    this.#shown.update({ 'text/plain': '' })
  }

  /** Only the first end counts. */
  end(state: State): void {
    if (this.#state !== 'running') return
    this.#state = state
    this.#forget()
    this.#send()
  }

  #changed(): void {
    const wait = this.#sentAt + INTERVAL_MS - performance.now()
    if (wait <= 0) this.#send()
    // For code that goes on without steps: the last one is seen all the same.
    else this.#timer ??= setTimeout(() => this.#send(), wait).unref()
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sentAt = performance.now()
    this.#shown.update(this.#bundle())
  }

  #bundle(): Bundle {
    const elapsedMs = Math.round(performance.now() - this.#begun)
    const output: ProgressOutput = {
      label: this.#label,
      done: this.#done,
      startedAt: this.#startedAt,
      elapsedMs,
      state: this.#state,
    }
    if (this.#total !== undefined) {
      output.total = this.#total
      const left = Math.max(0, this.#total - this.#done)
      if (this.#state === 'running' && this.#done > 0) output.remainingMs = Math.round((elapsedMs / this.#done) * left)
    }
    return { [PROGRESS_MIME]: output, 'text/plain': progressText(output) }
  }
}

/** `fit  ████████░░░░  3/9 · 1.2 s` */
export function progressText({ label, done, total, elapsedMs, state }: ProgressOutput): string {
  const filled = total ? Math.round(BAR * Math.max(0, Math.min(1, done / total))) : 0
  const bar = total === undefined ? '' : `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}  `
  const end = state === 'running' || state === 'done' ? '' : ` · ${state}`
  return `${label ? `${label}  ` : ''}${bar}${done}${total === undefined ? '' : `/${total}`} · ${(elapsedMs / 1000).toFixed(1)} s${end}`
}

/** How many items a collection has; undefined when only going through it would tell. */
export function sizeOf(items: object): number | undefined {
  if (Array.isArray(items) || types.isTypedArray(items)) return items.length
  return types.isMap(items) || types.isSet(items) ? items.size : undefined
}

type Source<Item> = Iterable<Item> | AsyncIterable<Item>

/** A bar that is gone through in the place of `items`. */
export function track<Item>(
  bar: ProgressBar,
  items: Source<Item>,
): Mayfly.Progress & Partial<Iterable<Item> & AsyncIterable<Item>> {
  if (Symbol.asyncIterator in items) return Object.assign(bar, { [Symbol.asyncIterator]: () => eachLater(bar, items) })
  return Object.assign(bar, { [Symbol.iterator]: () => each(bar, items) })
}

function* each<Item>(bar: ProgressBar, items: Iterable<Item>): Generator<Item> {
  try {
    for (const item of items) {
      yield item
      bar.step()
    }
    bar.end('done')
  } catch (error) {
    bar.end('failed')
    throw error
  } finally {
    bar.end('cancelled')
  }
}

async function* eachLater<Item>(bar: ProgressBar, items: AsyncIterable<Item>): AsyncGenerator<Item> {
  try {
    for await (const item of items) {
      yield item
      bar.step()
    }
    bar.end('done')
  } catch (error) {
    bar.end('failed')
    throw error
  } finally {
    bar.end('cancelled')
  }
}
