/** Questions to the child about live values, with a limit on patience: a main thread that computes does not answer. */
import type { Description, Offer } from '../child/lookup.js'
import type { ListedVariable } from '../child/variables.js'
import type { FromChild, Question, ToChild } from '../protocol.js'
import type { Variable, VariableDetail, VariableList } from '../variables.js'
import { type Completion, completionAt, expressionAt, toPoints, toUnits } from './cursor.js'
import { offersFor } from './offers.js'
import type { CellScope } from './scope.js'

type Content = Record<string, unknown>

const PATIENCE_MS = 1000
/** While a cell runs: between two awaits the answer comes at once. */
const BUSY_PATIENCE_MS = 250

export interface QuestionContext {
  send(frame: ToChild): void
  /** Whether there is a child to ask. */
  ready(): boolean
  /** Whether a cell runs. */
  running(): boolean
  scope: CellScope
}

export class Questions {
  readonly #context: QuestionContext
  readonly #asked = new Map<number, (answer: unknown) => void>()
  #count = 0
  #last: VariableList = { busy: false, at: new Date(0).toISOString(), variables: [] }

  constructor(context: QuestionContext) {
    this.#context = context
  }

  answered({ ask, answer }: Extract<FromChild, { op: 'answer' }>): void {
    this.#asked.get(ask)?.(answer)
  }

  /** The child is gone: nobody will answer, and its variables are gone too. */
  giveUp(): void {
    this.#last = { busy: false, at: new Date().toISOString(), variables: [] }
    for (const resolve of [...this.#asked.values()]) resolve(undefined)
  }

  /** Content of a `complete_reply`. Of a child that is busy only what the cells declared is known. */
  async complete(content: Content): Promise<Content> {
    const code = String(content.code ?? '')
    const cursor = toUnits(code, Number(content.cursor_pos ?? code.length))
    const at = completionAt(code, cursor)
    const found = at && (await this.#ask(this.#namesFor(at)))
    const known = at?.expression === '' ? this.#context.scope.declared.names() : []
    const offers = at ? offersFor(at, (found as Offer[] | undefined) ?? [], known, code.slice(cursor)) : []
    const start = toPoints(code, at?.start ?? cursor)
    const end = toPoints(code, cursor)
    const types = offers.map(({ text, type }) => ({ text, type, start, end }))
    return {
      status: 'ok',
      matches: offers.map(({ text }) => text),
      cursor_start: start,
      cursor_end: end,
      metadata: { _jupyter_types_experimental: types },
    }
  }

  #namesFor({ expression, prefix, quote }: Completion): Question {
    return { about: 'names', expression: this.#runtime(expression), prefix, keys: quote !== undefined }
  }

  /** Content of an `inspect_reply`: signature, type and value; with `detail_level` 1 the whole source or value. */
  async inspect(content: Content): Promise<Content> {
    const code = String(content.code ?? '')
    const expression = expressionAt(code, toUnits(code, Number(content.cursor_pos ?? code.length)))
    const detail = content.detail_level === 1
    const question = expression && { about: 'value' as const, expression: this.#runtime(expression), detail }
    const found = question && ((await this.#ask(question)) as Description | null | undefined)
    if (!found) return { status: 'ok', found: false, data: {}, metadata: {} }
    const declared = this.#context.scope.declared.lookUp([question.expression]).get(question.expression)
    const signature = declared?.signature ?? found.signature ?? `${expression}: ${found.type}`
    const doc = declared?.doc
    const data = {
      'text/plain': [signature, ...(doc ? [doc] : []), found.text].join('\n\n'),
      'text/markdown': [fenced(signature), ...(doc ? [doc] : []), fenced(found.text)].join('\n\n'),
    }
    return { status: 'ok', found: true, data, metadata: {} }
  }

  /** `user_expressions` of an execution, by name: bundles or errors. */
  async evaluate(expressions: Record<string, string>): Promise<Content> {
    return (
      ((await this.#ask({ about: 'evaluate', expressions }, Number.POSITIVE_INFINITY)) as Content | undefined) ?? {}
    )
  }

  async variables(): Promise<VariableList> {
    const { declared } = this.#context.scope
    const known = declared.names()
    const listed = (await this.#ask({ about: 'variables', known })) as ListedVariable[] | null | undefined
    if (!listed) return { ...this.#last, busy: this.#context.running() }
    const facts = declared.lookUp(listed.map(({ name }) => name))
    const variables = listed.map(({ name: runtime, ...summary }): Variable => {
      const { name, kind, cellId } = facts.get(runtime)!
      return { name, kind, ...summary, ...(cellId === undefined ? {} : { cellId }) }
    })
    this.#last = { busy: false, at: new Date().toISOString(), variables }
    return this.#last
  }

  /** What is inside a variable; null when there is no such thing, undefined while the kernel computes. */
  async children(name: string, path: (string | number)[], from: number): Promise<VariableDetail | null | undefined> {
    const runtime = this.#context.scope.runtimeName(name)
    const found = await this.#ask({ about: 'children', name: runtime, path, from })
    return found ? { name, path, ...(found as Omit<VariableDetail, 'name' | 'path'>) } : (found as null | undefined)
  }

  /** An expression by the names of the runtime: its root may be a renamed global. */
  #runtime(expression: string): string {
    const [root = ''] = /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(expression) ?? []
    return this.#context.scope.runtimeName(root) + expression.slice(root.length)
  }

  #ask(question: Question, patience = this.#context.running() ? BUSY_PATIENCE_MS : PATIENCE_MS): Promise<unknown> {
    if (!this.#context.ready()) return Promise.resolve(undefined)
    const ask = ++this.#count
    return new Promise((resolve) => {
      const settle = (answer: unknown) => {
        clearTimeout(timer)
        this.#asked.delete(ask)
        resolve(answer)
      }
      const timer = Number.isFinite(patience) ? setTimeout(() => settle(undefined), patience) : undefined
      this.#asked.set(ask, settle)
      this.#context.send({ op: 'ask', ask, question })
    })
  }
}

const fenced = (text: string) => `\`\`\`ts\n${text.replaceAll('```', '`\u200b``')}\n\`\`\``
