/**
 * Futures of a run that another process has started, or that has ended long ago: how its calls fare comes from the run log,
 * what they returned from storage.
 */
import { Attempt } from './attempt.js'
import { Background } from './background.js'
import { lostError } from './call-ends.js'
import { CallError } from './call-error.js'
import { CallRecord } from './call-record.js'
import { MayflyError } from './errors.js'
import type { LoggedEvent } from './events.js'
import { ResponseFuture } from './futures.js'
import { JobRecord } from './job-record.js'
import { resolveSettings } from './options.js'
import { readJournal } from './results.js'
import type { RunStore } from './runs/store.js'
import type { Storage } from './storage/storage.js'

/** How far the journal may be behind the log, ms: of a run that goes on, on a machine that is busy, and of one that is over. */
const BEHIND_MS = { open: 5000, over: 1000 }

/** Nothing an onlooker does is written to the log or billed. */
const onlooker = (runId: string) => ({ runId, append: () => {}, bill: () => {}, jobEnded: () => {} })

class AttachedRun {
  readonly #runId: string
  readonly #storage: Storage
  readonly #add: (futures: ResponseFuture<unknown>[]) => void
  readonly #calls: CallRecord[] = []
  #over = false
  readonly #journals = new Map<JobRecord, Promise<Map<number, Uint8Array>>>()

  constructor(runId: string, storage: Storage, add: (futures: ResponseFuture<unknown>[]) => void) {
    this.#runId = runId
    this.#storage = storage
    this.#add = add
  }

  fold(event: LoggedEvent): void {
    if (event.type === 'job.created') {
      const { job: id, name, first, total } = event
      const settings = resolveSettings({}, {})
      const run = onlooker(this.#runId)
      const background = new Background()
      const job = new JobRecord({ key: 0, id, name, run, storage: this.#storage, settings, first, total, background })
      const calls = Array.from({ length: total }, (_, index) => new CallRecord(job, index, undefined, event.at))
      for (const [index, call] of calls.entries()) this.#calls[first + index] = call
      this.#add(calls.map((call) => (call.future = new ResponseFuture(call))))
    } else if ('call' in event) {
      const call = this.#calls[event.call]
      if (call && !call.over) this.#foldCall(call, event)
    }
  }

  /** No more events come: what has no end will not have one. */
  end(): void {
    this.#over = true
    for (const call of this.#calls) {
      if (!call.over)
        this.#fail(call, 'lost', lostError(call.callId, 'ended with the process that had started the run'))
    }
  }

  #foldCall(call: CallRecord, event: Extract<LoggedEvent, { call: number }>): void {
    if (event.type === 'invoked') new Attempt(0, call, event.attempt, undefined, false)
    else if (event.type === 'done') {
      Object.assign(call.stats, event.metrics, { ended: event.ended })
      call.succeedLater(() => this.#result(call))
    } else if (event.type === 'failed') {
      call.attempt = event.attempt
      if (event.final) this.#fail(call, event.kind, event.error)
    } else if (event.type === 'collected') call.stats.collected = event.at
    else if (event.type !== 'submitted') call.live?.told({ ...event, id: 0 } as never)
  }

  #fail(call: CallRecord, kind: CallError['kind'], error: CallError['cause'] & object): void {
    const { callId, index, attempt } = call
    call.fail(new CallError(kind, error as never, { callId, index, attempts: attempt }))
  }

  /** Where the result is: published by the worker, or in the journal of the process that started the run. */
  async #result(call: CallRecord) {
    const { job, index } = call
    const published = await job.publishedResult(call)
    if (published) return published
    const began = performance.now()
    for (let pause = 0; ; pause = Math.min(500, pause + 50)) {
      let journal = this.#journals.get(job)
      if (!journal || pause > 0) this.#journals.set(job, (journal = readJournal(this.#storage, job.prefix)))
      const bytes = (await journal).get(index)
      if (bytes) return { bytes }
      if (performance.now() - began > (this.#over ? BEHIND_MS.over : BEHIND_MS.open)) break
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
    throw new MayflyError(
      'E_RESULT_GONE',
      `The result of call ${call.callId} of run ${this.#runId} is not kept any more`,
      {
        hint: 'Large results are removed when they are taken, and all of a run a day after it or by clean(). Run it again, or keep results with idempotencyKey.',
      },
    )
  }
}

/**
 * Follows the log of a run to its end. Futures are added job by job; the promise resolves when no more will come.
 *
 * @throws MayflyError `E_NOT_FOUND` when there is no such run
 */
export async function attachTo(
  runId: string,
  { runs, storage }: { runs: RunStore; storage: Storage },
  add: (futures: ResponseFuture<unknown>[]) => void,
): Promise<void> {
  const run = new AttachedRun(runId, storage, add)
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of (await runs.tail(runId, 0, true)) as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line) run.fold(JSON.parse(line) as LoggedEvent)
  }
  run.end()
}
