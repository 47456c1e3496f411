/** What the executor knows of one call. */

import type { Attempt } from './attempt.js'
import type { Invocation, ResultRef } from './backends/backend.js'
import type { CallError } from './call-error.js'
import type { AttemptMetrics } from './events.js'
import type { FutureState, ResponseFuture } from './futures.js'
import type { JobRecord } from './job-record.js'
import { decodeValue, encodeValue } from './values.js'

/** Stamps are milliseconds since the epoch on the host's clock. */
export interface CallStats extends Partial<AttemptMetrics> {
  submitted: number
  invoked?: number
  setup?: number
  loaded?: number
  fetched?: number
  started?: number
  ended?: number
  stored?: number
  collected?: number
  worker?: string
  pid?: number
  cold?: boolean
}

export class CallRecord {
  readonly job: JobRecord
  readonly index: number
  readonly callId: string
  /** Of the attempt that counts. */
  stats: CallStats
  /** The attempt that counts, and a copy of it that may come to count. */
  live: Attempt | undefined
  copy: Attempt | undefined
  state: FutureState = 'new'
  attempt = 1
  error: CallError | undefined
  future: ResponseFuture<unknown> | undefined
  /** Until the call has ended. */
  input: Invocation['input'] | undefined
  #result: ResultRef | undefined
  #value: Promise<unknown> | undefined
  #find: (() => Promise<ResultRef>) | undefined
  #taken = false
  #holds = 0
  #listeners: (() => void)[] | undefined = []

  constructor(job: JobRecord, index: number, input: Invocation['input'] | undefined, at: number) {
    this.job = job
    this.index = index
    this.callId = `${job.id}-${String(index).padStart(5, '0')}`
    this.input = input
    this.stats = { submitted: at }
  }

  get over(): boolean {
    return this.state === 'success' || this.state === 'error'
  }

  succeed(result: ResultRef): void {
    this.#result = result
    this.#finish('success')
  }

  /** The call was good; where its result is, is found out when it is wanted. */
  succeedLater(find: () => Promise<ResultRef>): void {
    this.#find = find
    this.#finish('success')
  }

  fail(error: CallError): void {
    this.error = error
    this.#finish('error')
  }

  onOver(callback: () => void): void {
    if (this.#listeners) this.#listeners.push(callback)
    else callback()
  }

  /** The result, read and decoded once. */
  value(): Promise<unknown> {
    this.#value ??= this.#read()
    return this.#value
  }

  /** Keeps the result's data until the function returned is called: another call needs it. */
  retain(): () => void {
    this.#holds++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#holds--
      this.#drop()
    }
  }

  /** The result as it lies in memory or in storage. Only for who retains it, once it is there. */
  async data(): Promise<ResultRef> {
    if (this.error) throw this.error
    return this.#result ?? { bytes: encodeValue(await this.value(), `The result of call ${this.callId}`) }
  }

  async #read(): Promise<unknown> {
    if (!this.over) await new Promise<void>((resolve) => this.onOver(resolve))
    this.job.taken()
    if (this.error) throw this.error
    const result = this.#result ?? (await this.#find!())
    const bytes = await this.job.read(result)
    if ('key' in result) this.job.collected(this)
    const value = decodeValue('bytes' in result && this.#holds > 0 ? bytes.slice() : bytes)
    this.#taken = true
    this.#drop()
    return value
  }

  /** Forgets the data of a result that has been read and is needed by no other call. */
  #drop(): void {
    if (!this.#taken || this.#holds > 0 || !this.#result) return
    if ('key' in this.#result) this.job.remove(this.#result.key)
    this.#result = undefined
  }

  #finish(state: 'success' | 'error'): void {
    this.state = state
    this.input = undefined
    this.live = this.copy = undefined
    const listeners = this.#listeners!
    this.#listeners = undefined
    for (const listener of listeners) listener()
  }
}
