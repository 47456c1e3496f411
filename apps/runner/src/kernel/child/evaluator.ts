/**
 * Runs compiled cells, one at a time, through an inspector session of the thread itself: REPL mode gives top-level await,
 * redeclaration and the completion value. Knows when a cell is over, however it ends.
 */
import type { Runtime } from 'node:inspector'
import { memoryUsage } from 'node:process'
// Not the global one, which cells may replace.
import { setTimeout } from 'node:timers'
import type { Bundle, ChildConfig, ErrorContent, ExecuteFrame, FromChild } from '../protocol.js'
import type { Kind } from '../transform/index.js'
import { runContext } from './context.js'
import { isHandle } from './display.js'
import { describeFault, KeyboardInterrupt } from './faults.js'
import { GarbageCollector } from './garbage.js'
import type { MainSession } from './main-session.js'
import { toBundle } from './render.js'
import { SHARED, STOPPED_BY } from './shared.js'
import { placeInCell, registerScript } from './stacks.js'
import { stoppedError } from './stopped.js'

const residentBytes = memoryUsage.rss

/** After an interrupt a cell gets this long to end by itself; then its end is declared. */
const UNWIND_MS = 30

/** Share of the limit of resident memory from which on a cell begins with a collection. */
const COLLECT_SHARE = 0.8
/** Bytes that must have come since the last one, for it takes long where much is kept. */
const COLLECT_STEP = 64 * 2 ** 20

interface Running {
  frame: ExecuteFrame
  /** Rejects the top-level `await` the cell is in. */
  cancel?: (reason: Error) => void
  resources: { value: Partial<Disposable & AsyncDisposable>; asynchronous: boolean }[]
}

type DoneFrame = Extract<FromChild, { op: 'done' }>
type Evaluation = Runtime.EvaluateReturnType

export class Evaluator {
  readonly #session: MainSession
  readonly #shared: Int32Array
  readonly #config: ChildConfig
  readonly #post: (frame: DoneFrame) => void
  #running: Running | undefined
  #taken: unknown
  /** Resident memory after the last collection. */
  #kept = 0

  constructor(session: MainSession, shared: Int32Array, config: ChildConfig, post: (frame: DoneFrame) => void) {
    this.#session = session
    this.#shared = shared
    this.#config = config
    this.#post = post
  }

  /** True while the synchronous first part of a cell runs: all output is its own then. */
  get synchronous(): boolean {
    return Atomics.load(this.#shared, SHARED.synchronous) === 1
  }

  /** The execution in progress. */
  get current(): ExecuteFrame | undefined {
    return this.#running?.frame
  }

  execute(frame: ExecuteFrame): void {
    const { run, executionCount, cellId, maps, script } = frame
    registerScript(script, { run, executionCount, maps, ...(cellId ? { cellId } : {}) })
    const running: Running = { frame, resources: [] }
    this.#running = running
    this.#collect()
    Atomics.store(this.#shared, SHARED.stoppedBy, STOPPED_BY.nothing)
    Atomics.store(this.#shared, SHARED.settling, 0)
    Atomics.store(this.#shared, SHARED.busy, 1)
    Atomics.store(this.#shared, SHARED.synchronous, 1)
    const parameters = {
      expression: `${frame.code}\n//# sourceURL=${script}.js`,
      replMode: true,
      awaitPromise: true,
      silent: true,
      objectGroup: 'cell',
    }
    const evaluate = () =>
      this.#session.post<Evaluation>('Runtime.evaluate', parameters, (error, result) => {
        Atomics.store(this.#shared, SHARED.settling, 1)
        void this.#end(running, error, result)
      })
    if (runContext) runContext.run(run, evaluate)
    else evaluate()
    Atomics.store(this.#shared, SHARED.synchronous, 0)
  }

  /** What earlier cells have let go of does not count against this one, nor twice. */
  #collect(): void {
    const limit = this.#config.rssMb * 2 ** 20
    if (residentBytes() < Math.max(COLLECT_SHARE * limit, this.#kept + COLLECT_STEP)) return
    new GarbageCollector(this.#session).collect()
    this.#kept = residentBytes()
  }

  /** The value the inspector handed to `__nb.take`. */
  take(value: unknown): void {
    this.#taken = value
  }

  /** Waits for a value at the top level of a cell, so that an interrupt can reach it. */
  wait(value: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#running) this.#running.cancel = reject
      Promise.resolve(value).then(resolve, reject)
    })
  }

  /** Holds a resource of `using` until the cell has ended. */
  use<T>(value: T, asynchronous: boolean): T {
    if (value === null || value === undefined) return value
    const resource = value as Partial<Disposable & AsyncDisposable>
    const method = (asynchronous ? resource[Symbol.asyncDispose] : undefined) ?? resource[Symbol.dispose]
    if (typeof method !== 'function') throw new TypeError('The value of a `using` declaration is not disposable.')
    this.#running?.resources.push({ value: resource, asynchronous })
    return value
  }

  /** The runner, or the memory watch, wants the running cell to end. */
  interrupt(): void {
    const running = this.#running
    if (!running) return
    running.cancel?.(stoppedError(this.#shared, this.#config))
    setTimeout(() => this.#abandon(running), UNWIND_MS)
  }

  /** The cell did not end by itself: its code was terminated, or goes on where nobody waits for it. */
  #abandon(running: Running): void {
    if (this.#running !== running) return
    this.#finish(running, { status: 'error', error: this.#stopped(running.frame) })
    this.#session.renew()
  }

  #stopped({ executionCount: cell, cellId }: ExecuteFrame): ErrorContent {
    const error = describeFault(stoppedError(this.#shared, this.#config))
    return { ...error, mayfly: { cell, ...(cellId ? { cellId } : {}), ...error.mayfly } }
  }

  async #end(running: Running, failure: Error | null, result: Evaluation): Promise<void> {
    const outcome = await this.#settle(running, failure, result)
    const fault = await release(running.resources)
    if (fault && outcome.status === 'ok') this.#finish(running, { status: 'error', error: describeFault(fault.error) })
    else this.#finish(running, outcome)
  }

  async #settle(running: Running, failure: Error | null, evaluation: Evaluation): Promise<Outcome> {
    // A terminated evaluation has no result, only a protocol error.
    if (failure) return { status: 'error', error: this.#stopped(running.frame) }
    const { result, exceptionDetails } = evaluation
    if (exceptionDetails) return this.#failed(running.frame, exceptionDetails)
    if (!running.frame.showsValue || result.type === 'undefined') return { status: 'ok' }
    try {
      const value = this.#valueOf(result)
      return isHandle(value) ? { status: 'ok' } : { status: 'ok', data: await toBundle(value) }
    } catch (error) {
      return { status: 'error', error: describeFault(error) }
    }
  }

  #failed(frame: ExecuteFrame, details: Runtime.ExceptionDetails): Outcome {
    const thrown = details.exception ? this.#valueOf(details.exception) : new Error(details.text)
    if (thrown instanceof KeyboardInterrupt) return { status: 'error', error: this.#stopped(frame) }
    const error = describeFault(thrown)
    if (!(thrown instanceof SyntaxError)) return { status: 'error', error }
    // V8 refused the script, or ran it and it threw: only the names tell, and they decide what later cells may declare.
    if (!error.mayfly && details.scriptId) locateSyntaxError(frame, error, details)
    return { status: 'error', error, kinds: this.#kindsOf(frame.declared) }
  }

  #kindsOf(names: string[]): Record<string, Kind | null> {
    let lexical: string[] = []
    this.#session.post<Runtime.GlobalLexicalScopeNamesReturnType>(
      'Runtime.globalLexicalScopeNames',
      {},
      (error, result) => {
        if (!error) lexical = result.names
      },
    )
    const held = new Set(lexical)
    const kind = (name: string) => (held.has(name) ? 'lexical' : Object.hasOwn(globalThis, name) ? 'var' : null)
    return Object.fromEntries(names.map((name) => [name, kind(name)]))
  }

  /** The value itself behind what the inspector says of it; the session is in-process and answers at once. */
  #valueOf(remote: Runtime.RemoteObject): unknown {
    if (remote.objectId) {
      this.#session.post('Runtime.callFunctionOn', {
        functionDeclaration: 'function (value) { __nb.take(value) }',
        objectId: remote.objectId,
        arguments: [{ objectId: remote.objectId }],
        silent: true,
      })
      const value = this.#taken
      this.#taken = undefined
      this.#session.post('Runtime.releaseObjectGroup', { objectGroup: 'cell' })
      return value
    }
    const { unserializableValue: text } = remote
    if (text === undefined) return remote.type === 'undefined' ? undefined : remote.value
    return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text)
  }

  #finish(running: Running, outcome: Outcome): void {
    if (this.#running !== running) return
    Atomics.store(this.#shared, SHARED.settling, 1)
    // A termination that hits all the same leaves the cell running, and the interrupt's other way ends it: better told twice than never.
    this.#post({ op: 'done', run: running.frame.run, ...outcome })
    this.#running = undefined
    Atomics.store(this.#shared, SHARED.busy, 0)
    Atomics.store(this.#shared, SHARED.settling, 0)
  }
}

interface Outcome {
  status: 'ok' | 'error'
  data?: Bundle
  error?: ErrorContent
  kinds?: Record<string, Kind | null>
}

function locateSyntaxError(frame: ExecuteFrame, error: ErrorContent, details: Runtime.ExceptionDetails): void {
  const position = `${frame.script}.ts:${details.lineNumber + 1}:${details.columnNumber + 1}`
  const place = placeInCell(position)
  if (!place) return
  error.mayfly = place
  error.traceback = [error.traceback[0]!, `    at ${position}`]
}

/** Disposes in reverse order; gives the first error, the rest still get their turn. */
async function release(resources: Running['resources']): Promise<{ error: unknown } | undefined> {
  let fault: { error: unknown } | undefined
  for (const { value, asynchronous } of resources.reverse()) {
    try {
      if (asynchronous && Symbol.asyncDispose in value) await value[Symbol.asyncDispose]?.()
      else value[Symbol.dispose]?.()
    } catch (error) {
      fault ??= { error }
    }
  }
  return fault
}
