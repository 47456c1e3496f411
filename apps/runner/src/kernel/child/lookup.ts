/** Completion and inspection on live values, without side effects: V8 refuses to evaluate what would have any. */
import type { Runtime } from 'node:inspector'
import { inspect } from 'node:util'
import type { Bundle } from '../protocol.js'
import type { MainSession } from './main-session.js'
import { toText } from './values/text.js'

const TIMEOUT_MS = 200
const MAX_NAMES = 2000

export class Lookup {
  readonly #session: MainSession
  #found: unknown
  #hit = false

  constructor(session: MainSession) {
    this.#session = session
  }

  /** Receives the value of a looked-up expression. */
  offer(value: unknown): void {
    this.#found = value
    this.#hit = true
  }

  /** Property names of `expression`'s value along its prototypes, or every name in scope when it is empty. */
  names(expression: string): string[] {
    const found = new Set<string>()
    if (expression === '') {
      this.#session.post<Runtime.GlobalLexicalScopeNamesReturnType>(
        'Runtime.globalLexicalScopeNames',
        {},
        (error, result) => {
          if (!error) for (const name of result.names) found.add(name)
        },
      )
      collect(globalThis, found)
    } else if (this.#evaluate(expression) && this.#found !== null && this.#found !== undefined) {
      collect(Object(this.#found), found)
    }
    this.#found = undefined
    return [...found].filter((name) => !name.startsWith('__nb')).slice(0, MAX_NAMES)
  }

  /** What the value of an expression is, in words and text. */
  describe(expression: string): Bundle | null {
    if (!this.#evaluate(expression)) return null
    const value = this.#found
    this.#found = undefined
    if (typeof value !== 'function') return { 'text/plain': toText(value) }
    const source = Function.prototype.toString.call(value)
    const lines = source.split('\n')
    const excerpt = lines.length > 20 ? [...lines.slice(0, 20), '…'].join('\n') : source
    return { 'text/plain': `${inspect(value)}\n${excerpt}` }
  }

  #evaluate(expression: string): boolean {
    this.#hit = false
    const options = { silent: true, throwOnSideEffect: true, timeout: TIMEOUT_MS, objectGroup: 'lookup' }
    this.#session.post<Runtime.EvaluateReturnType>('Runtime.evaluate', { expression, ...options }, (error, answer) => {
      if (error || answer.exceptionDetails) return
      const { result } = answer
      if (result.objectId) {
        this.#session.post('Runtime.callFunctionOn', {
          functionDeclaration: 'function (value) { __nb.offer(value) }',
          objectId: result.objectId,
          arguments: [{ objectId: result.objectId }],
          silent: true,
        })
      } else this.offer(result.value)
    })
    this.#session.post('Runtime.releaseObjectGroup', { objectGroup: 'lookup' })
    return this.#hit
  }
}

function collect(value: object, found: Set<string>): void {
  for (let layer: object | null = value; layer && found.size < MAX_NAMES; layer = Object.getPrototypeOf(layer)) {
    for (const name of Object.getOwnPropertyNames(layer)) {
      if (!/^\d+$/.test(name)) found.add(name)
    }
  }
}
