/** `mayfly logs`: what the calls of a run printed. */
import type { LoggedEvent } from '../events.js'
import { readRun } from '../runs/index.js'
import { type Command, numberOf, readArgs } from './args.js'
import { follow, resolveRun, withRuns } from './runs.js'

export const logs: Command = {
  usage: `mayfly logs [RUN] [-f] [--call N] [--job M000] [--errors]

Prints what the calls of a run (default: the newest) wrote, each line with its call; errors with their reason.

  -f, --follow   goes on until the run ends
  --call N       only this call, by its number in the run
  --job ID       only the calls of this job
  --errors       only failures
`,
  async run(args) {
    const { values, positionals } = readArgs(
      args,
      {
        follow: { type: 'boolean', short: 'f' },
        call: { type: 'string' },
        job: { type: 'string' },
        errors: { type: 'boolean' },
      },
      [0, 1],
    )
    const call = numberOf(values.call, '--call')
    return withRuns(async (runs, home) => {
      const { runId } = await resolveRun(runs, positionals[0] ?? 'last')
      const events = values.follow ? follow(runs, runId) : await readRun(home, runId)
      const writer = new LogPrinter({
        ...(call === undefined ? {} : { call }),
        ...(values.job ? { job: values.job } : {}),
        errors: values.errors === true,
      })
      for await (const event of events) for (const line of writer.lines(event)) process.stdout.write(`${line}\n`)
      return 0
    })
  },
}

/** Turns events into lines to print. A line that a call has not ended yet waits for its end. */
export class LogPrinter {
  readonly #filter: { call?: number; job?: string; errors: boolean }
  readonly #open = new Map<string, string>()
  readonly #jobs: { id: string; first: number; total: number }[] = []

  constructor(filter: { call?: number; job?: string; errors: boolean }) {
    this.#filter = filter
  }

  lines(event: LoggedEvent): string[] {
    if (event.type === 'job.created') this.#jobs.push({ id: event.job, first: event.first, total: event.total })
    if (!('call' in event) || !this.#wanted(event.call)) return []
    const name = this.#nameOf(event.call, event.attempt)
    if (event.type === 'log' && !this.#filter.errors)
      return this.#whole(`${name} ${event.stream}`, event.text).map((line) => `${name}  ${line}`)
    if (event.type !== 'done' && event.type !== 'failed') return []
    const rest = ['stdout', 'stderr']
      .flatMap((stream) => this.#rest(`${name} ${stream}`))
      .map((line) => `${name}  ${line}`)
    if (event.type === 'done') return rest
    return [
      ...rest,
      `${name}  ${event.kind}: ${event.error.code}: ${event.error.message}${event.final ? '' : ' (tried again)'}`,
    ]
  }

  #whole(key: string, text: string): string[] {
    const lines = ((this.#open.get(key) ?? '') + text).split('\n')
    this.#open.set(key, lines.pop()!)
    return lines
  }

  #rest(key: string): string[] {
    const text = this.#open.get(key)
    this.#open.delete(key)
    return text ? [text] : []
  }

  #wanted(call: number): boolean {
    const { call: only, job } = this.#filter
    return (only === undefined || only === call) && (job === undefined || this.#jobOf(call)?.id === job)
  }

  #jobOf(call: number) {
    return this.#jobs.find(({ first, total }) => call >= first && call < first + total)
  }

  #nameOf(call: number, attempt: number): string {
    const job = this.#jobOf(call)
    const place = job ? `${job.id}-${String(call - job.first).padStart(5, '0')}` : String(call)
    return attempt > 1 ? `${place}/${attempt}` : place
  }
}
