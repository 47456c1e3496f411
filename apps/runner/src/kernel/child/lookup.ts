/** Answers about live values, without side effects: V8 refuses to evaluate what would have any, and nobody calls a getter. */
import type { Runtime } from 'node:inspector'
import { types } from 'node:util'
import type { Bundle, Question } from '../protocol.js'
import { describeFault } from './faults.js'
import type { MainSession } from './main-session.js'
import { toBundle } from './render.js'
import { dataOf, headOf, isClass, preview, sourceOf, typeName } from './values/preview.js'
import { childrenOf, listVariables } from './variables.js'

const TIMEOUT_MS = 200
const EVALUATE_TIMEOUT_MS = 5000
const MAX_NAMES = 2000
/** Lines of a description, of a detailed one, and characters of a line. */
const MAX_LINES = 20
const DETAILED = 100
const MAX_LINE = 100

/** A name on offer: what it is called, and what it is. */
export interface Offer {
  text: string
  type: 'function' | 'class' | 'property' | 'instance'
}

/** What an inspection tells of a value. */
export interface Description {
  type: string
  /** Head of a function or class. */
  signature?: string
  text: string
}

export class Lookup {
  readonly #session: MainSession
  readonly #builtin: ReadonlySet<string>
  #found: { value: unknown } | undefined

  /** @param builtin names the global object had before the first cell. */
  constructor(session: MainSession, builtin: Iterable<string>) {
    this.#session = session
    this.#builtin = new Set(builtin)
  }

  /** Receives the value of a looked-up expression. */
  offer(value: unknown): void {
    this.#found = { value }
  }

  async answer(question: Question): Promise<unknown> {
    switch (question.about) {
      case 'names':
        return this.#names(question)
      case 'value':
        return this.#describe(question)
      case 'variables': {
        const lexical = this.#lexicalNames()
        return listVariables(question.known, lexical, this.#builtin, () => this.#read(lexical))
      }
      case 'children': {
        const found = IDENTIFIER.test(question.name) ? this.#valueOf(question.name) : undefined
        return found ? childrenOf(found.value, question.path, question.from) : null
      }
      case 'evaluate':
        return this.#evaluateAll(question.expressions)
    }
  }

  #names({ expression, prefix, keys }: Extract<Question, { about: 'names' }>): Offer[] {
    const offers = new Map<string, Offer>()
    const fits = (name: string) =>
      name.startsWith(prefix) && (keys || IDENTIFIER.test(name)) && !name.startsWith('__nb')
    if (expression === '') {
      for (const name of this.#lexicalNames()) if (fits(name)) offers.set(name, { text: name, type: 'instance' })
      collect(globalThis, fits, offers)
    } else {
      const found = this.#valueOf(expression)
      if (found && found.value !== null && found.value !== undefined) collect(Object(found.value), fits, offers, keys)
    }
    return [...offers.values()]
  }

  #describe({ expression, detail }: Extract<Question, { about: 'value' }>): Description | null {
    const found = this.#valueOf(expression)
    if (!found) return null
    const { value } = found
    const type = typeName(value)
    if (typeof value !== 'function' || types.isProxy(value)) {
      return { type, text: outline(value, detail ? DETAILED : MAX_LINES) }
    }
    const source = sourceOf(value as () => unknown)
    return {
      type,
      signature: headOf(value as () => unknown),
      text: detail ? source : firstLines(source.split('\n'), MAX_LINES),
    }
  }

  #lexicalNames(): string[] {
    let names: string[] = []
    this.#session.post<Runtime.GlobalLexicalScopeNamesReturnType>(
      'Runtime.globalLexicalScopeNames',
      {},
      (error, result) => {
        if (!error) names = result.names
      },
    )
    return names
  }

  /** The values behind lexical names, by one evaluation; a name that is not initialised yet is left out. */
  #read(names: string[]): Map<string, unknown> {
    const values = new Map<string, unknown>()
    const readers = names.map((name) => `()=>${name}`).join(',')
    this.#found = undefined
    this.#session.post('Runtime.evaluate', { expression: `__nb.offer([${readers}])`, silent: true })
    const list = this.#take()?.value as (() => unknown)[] | undefined
    list?.forEach((read, i) => {
      try {
        values.set(names[i]!, read())
      } catch {
        // Declared by a cell that failed before it got there.
      }
    })
    return values
  }

  #valueOf(expression: string): { value: unknown } | undefined {
    this.#found = undefined
    const options = { silent: true, throwOnSideEffect: true, timeout: TIMEOUT_MS, objectGroup: 'lookup' }
    this.#session.post<Runtime.EvaluateReturnType>('Runtime.evaluate', { expression, ...options }, (error, answer) => {
      if (error || answer.exceptionDetails) return
      this.#take()
      this.#hand(answer.result)
    })
    this.#session.post('Runtime.releaseObjectGroup', { objectGroup: 'lookup' })
    return this.#take()
  }

  /** Makes the value behind what the inspector says of it known to `offer`. */
  #hand(result: Runtime.RemoteObject): void {
    const { objectId, unserializableValue: text } = result
    if (text !== undefined) this.offer(text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text))
    else if (!objectId) this.offer(result.value)
    else {
      this.#session.post('Runtime.callFunctionOn', {
        functionDeclaration: 'function (value) { __nb.offer(value) }',
        objectId,
        arguments: [{ objectId }],
        silent: true,
      })
    }
  }

  #take(): { value: unknown } | undefined {
    const found = this.#found
    this.#found = undefined
    return found
  }

  /** `user_expressions` of an execution: these do run. */
  async #evaluateAll(expressions: Record<string, string>): Promise<Bundle> {
    const answers: Bundle = {}
    for (const [name, expression] of Object.entries(expressions)) {
      const outcome = this.#evaluate(expression)
      answers[name] =
        'value' in outcome
          ? { status: 'ok', data: await toBundle(outcome.value), metadata: {} }
          : { status: 'error', ...describeFault(outcome.thrown) }
    }
    return answers
  }

  #evaluate(expression: string): { value: unknown } | { thrown: unknown } {
    let thrown: unknown = new Error(`The expression took longer than ${EVALUATE_TIMEOUT_MS / 1000} s.`)
    const options = { silent: true, timeout: EVALUATE_TIMEOUT_MS, objectGroup: 'lookup' }
    this.#found = undefined
    this.#session.post<Runtime.EvaluateReturnType>('Runtime.evaluate', { expression, ...options }, (error, answer) => {
      if (error) return
      this.#hand(answer.exceptionDetails?.exception ?? answer.result)
      if (answer.exceptionDetails) thrown = this.#take()?.value
    })
    this.#session.post('Runtime.releaseObjectGroup', { objectGroup: 'lookup' })
    return this.#take() ?? { thrown }
  }
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/** Names along the prototypes, own ones first. A proxy is not asked: its traps would run. */
function collect(value: object, fits: (name: string) => boolean, offers: Map<string, Offer>, ownOnly = false): void {
  for (let layer: object | null = value; layer && !types.isProxy(layer); layer = Object.getPrototypeOf(layer)) {
    for (const name of Object.getOwnPropertyNames(layer)) {
      if (!fits(name) || offers.has(name)) continue
      if (offers.size >= MAX_NAMES) return
      offers.set(name, { text: name, type: kindOf(layer, name) })
    }
    if (ownOnly) return
  }
}

function kindOf(owner: object, name: string): Offer['type'] {
  const value = dataOf(owner, name)?.value
  if (typeof value === 'function') return isClass(value) || isBuiltinClass(name, value) ? 'class' : 'function'
  return owner === globalThis ? 'instance' : 'property'
}

const isBuiltinClass = (name: string, value: unknown): boolean =>
  /^[A-Z]/.test(name) && !types.isProxy(value) && dataOf(value as object, 'prototype')?.value !== undefined

const firstLines = (lines: string[], count: number): string =>
  lines.length > count ? [...lines.slice(0, count), '…'].join('\n') : lines.join('\n')

/** One line, or a line for each thing inside. */
function outline(value: unknown, lines: number): string {
  const line = preview(value, 2)
  if (line.length <= MAX_LINE) return line
  if (typeof value === 'string') return JSON.stringify(value.slice(0, lines * MAX_LINE))
  const { children = [], total = 0 } = childrenOf(value, [], 0) ?? {}
  const shown = children.slice(0, lines).map((child) => `  ${child.label}: ${child.preview}`)
  return [preview(value, 0), ...shown, ...(total > shown.length ? [`  … ${total - shown.length} more`] : [])].join('\n')
}
