/**
 * Messages of the kernel on their way into the store. While the document is being fetched they wait; otherwise they are
 * folded once per animation frame, since a busy cell can send thousands a second.
 */
import type { WireMessage } from './messages'
import { foldMessages, type NotebookStore } from './store'

/** Hidden tabs get no animation frames; then the fold comes after this time, ms. */
const HIDDEN_FOLD_MS = 100

export interface Inbox {
  receive(message: WireMessage): void
  /**
   * From here on messages wait, until `release` was called as often as `hold`: two fetches may overlap, and a document that
   * is older than what was folded since would take messages back.
   */
  hold(): void
  /** Takes one `hold` back; the last one folds what waited and goes on live. */
  release(): void
  dispose(): void
}

export function createInbox(store: NotebookStore): Inbox {
  let waiting: WireMessage[] = []
  let holds = 0
  let frame: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function fold() {
    if (frame !== undefined) cancelAnimationFrame(frame)
    clearTimeout(timer)
    frame = undefined
    timer = undefined
    if (holds > 0 || waiting.length === 0) return
    const messages = waiting
    waiting = []
    store.setState((state) => foldMessages(state, messages))
  }

  return {
    receive(message) {
      waiting.push(message)
      if (holds > 0 || timer !== undefined) return
      frame = requestAnimationFrame(fold)
      timer = setTimeout(fold, HIDDEN_FOLD_MS)
    },
    hold() {
      fold()
      holds++
    },
    release() {
      holds--
      fold()
    },
    dispose() {
      holds = Number.POSITIVE_INFINITY
      waiting = []
      if (frame !== undefined) cancelAnimationFrame(frame)
      clearTimeout(timer)
    },
  }
}
