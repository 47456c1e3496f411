/** Asynchronous calls: accepted at once, made when there is room, made again after an error of the function, given up in the end. */
import { happens, type LambdaFaults } from './faults.js'
import type { Fleet, Taken } from './fleet.js'
import type { Deployed } from './functions.js'
import type { LambdaRules } from './rules.js'
import type { FunctionError } from './sandbox.js'

/** What becomes of a call that is given up: its record, as an `OnFailure` destination gets it, and where it went. */
export interface DeadLetter {
  functionName: string
  attempts: number
  payload: string
  error: FunctionError | undefined
  condition: 'RetriesExhausted' | 'EventAgeExceeded'
  /** ARN of the destination or dead-letter queue; undefined for a function that has none, whose call is simply gone. */
  target: string | undefined
  record: Record<string, unknown>
}

interface Queued {
  name: string
  id: string
  payload: Buffer
  /** Epoch milliseconds. */
  accepted: number
  attempt: number
  refusals: number
}

/** Refused calls wait twice as long each time, up to so many times the first wait. */
const LONGEST = 300

export class AsyncQueue {
  readonly deadLetters: DeadLetter[] = []
  readonly #rules: LambdaRules
  readonly #faults: LambdaFaults
  readonly #fleet: Fleet
  readonly #find: (name: string) => Deployed | undefined
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(rules: LambdaRules, faults: LambdaFaults, fleet: Fleet, find: (name: string) => Deployed | undefined) {
    this.#rules = rules
    this.#faults = faults
    this.#fleet = fleet
    this.#find = find
  }

  /** Calls that wait for their next attempt. */
  get waiting(): number {
    return this.#timers.size
  }

  accept(name: string, id: string, payload: Buffer): void {
    if (happens(this.#faults, 'drop')) return
    const call: Queued = { name, id, payload, accepted: Date.now(), attempt: 1, refusals: 0 }
    const copies = happens(this.#faults, 'duplicate') ? [call, { ...call }] : [call]
    for (const one of copies) setImmediate(() => this.#make(one))
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #make(call: Queued, error?: FunctionError): void {
    const deployed = this.#find(call.name)
    if (!deployed) return
    const age = deployed.async.MaximumEventAgeInSeconds
    if (Date.now() - call.accepted > (age === undefined ? this.#rules.asyncAgeMs : age * 1000)) {
      return void this.#giveUp(call, deployed, 'EventAgeExceeded', error)
    }
    let taken: Taken
    try {
      taken = this.#fleet.take(deployed, false)
    } catch {
      const wait = this.#rules.asyncThrottleMs * Math.min(LONGEST, 2 ** call.refusals++)
      return void this.#later(call, wait, error)
    }
    void this.#fleet.run(taken, call.id, call.payload).then((outcome) => this.#made(call, deployed, outcome.error))
  }

  #made(call: Queued, deployed: Deployed, error: FunctionError | undefined): void {
    if (!error) return
    const { MaximumRetryAttempts = 2 } = deployed.async
    if (call.attempt > MaximumRetryAttempts) return void this.#giveUp(call, deployed, 'RetriesExhausted', error)
    const wait = this.#rules.asyncRetryMs * call.attempt++
    this.#later(call, wait, error)
  }

  #later(call: Queued, wait: number, error: FunctionError | undefined): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#make(call, error)
    }, wait)
    this.#timers.add(timer)
  }

  #giveUp(
    { name, id, payload, attempt }: Queued,
    { configuration, async }: Deployed,
    condition: DeadLetter['condition'],
    error: FunctionError | undefined,
  ): void {
    const target = async.DestinationConfig?.OnFailure?.Destination ?? configuration.DeadLetterConfig?.TargetArn
    const attempts = error ? attempt : attempt - 1
    this.deadLetters.push({
      ...{ functionName: name, attempts, payload: payload.toString(), error, condition, target },
      record: {
        ...{
          version: '1.0',
          timestamp: new Date().toISOString(),
          requestPayload: JSON.parse(payload.toString() || 'null'),
        },
        requestContext: {
          ...{ requestId: id, functionArn: `${configuration.FunctionArn}:$LATEST`, condition },
          approximateInvokeCount: attempts,
        },
        ...(error
          ? {
              responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
              responsePayload: error,
            }
          : {}),
      },
    })
  }
}
