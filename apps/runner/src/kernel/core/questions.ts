/** Questions to the child about live values, with a limit on patience: completion and inspection. */
import type { FromChild, ToChild } from '../protocol.js'
import { completionAt, expressionAt, toPoints, toUnits } from './cursor.js'

type Content = Record<string, unknown>
type Answer = Extract<FromChild, { op: 'completions' | 'inspected' }>

const PATIENCE_MS = 1000

export class Questions {
  readonly #send: (frame: ToChild) => void
  readonly #asked = new Map<number, (answer: Answer | undefined) => void>()
  #count = 0

  constructor(send: (frame: ToChild) => void) {
    this.#send = send
  }

  answered(answer: Answer): void {
    this.#asked.get(answer.ask)?.(answer)
  }

  /** The child is gone: nobody will answer. */
  giveUp(): void {
    for (const resolve of [...this.#asked.values()]) resolve(undefined)
  }

  /** Content of a `complete_reply`. While the child is busy (`known` given), only names known without it are offered. */
  async complete(content: Content, known: Iterable<string> | undefined): Promise<Content> {
    const code = String(content.code ?? '')
    const cursor = toUnits(code, Number(content.cursor_pos ?? code.length))
    const at = completionAt(code, cursor)
    const names = at ? await this.#names(at.expression, known) : []
    const matches = names.filter((name) => name.startsWith(at?.prefix ?? '')).sort()
    const start = toPoints(code, at?.start ?? cursor)
    return { status: 'ok', matches, cursor_start: start, cursor_end: toPoints(code, cursor), metadata: {} }
  }

  /** Content of an `inspect_reply`. */
  async inspect(content: Content, busy: boolean): Promise<Content> {
    const code = String(content.code ?? '')
    const expression = expressionAt(code, toUnits(code, Number(content.cursor_pos ?? code.length)))
    const answer = expression && !busy ? await this.#ask((ask) => ({ op: 'inspect', ask, expression })) : undefined
    const data = answer?.op === 'inspected' ? answer.data : null
    return { status: 'ok', found: data !== null, data: data ?? {}, metadata: {} }
  }

  async #names(expression: string, known: Iterable<string> | undefined): Promise<string[]> {
    if (known) return expression === '' ? [...new Set(known)].filter((name) => !name.startsWith('__nb')) : []
    const answer = await this.#ask((ask) => ({ op: 'complete', ask, expression }))
    return answer?.op === 'completions' ? answer.names : []
  }

  #ask(make: (ask: number) => ToChild): Promise<Answer | undefined> {
    const ask = ++this.#count
    return new Promise((resolve) => {
      const settle = (answer: Answer | undefined) => {
        clearTimeout(timer)
        this.#asked.delete(ask)
        resolve(answer)
      }
      const timer = setTimeout(() => settle(undefined), PATIENCE_MS)
      this.#asked.set(ask, settle)
      this.#send(make(ask))
    })
  }
}
