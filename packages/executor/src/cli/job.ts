/** `mayfly job`: the runs of this workspace. */
import type { LoggedEvent, RunHeader } from '../events.js'
import { runTimes } from '../plot/histogram.js'
import { plotsOf, writePlots } from '../plot/index.js'
import { plotData } from '../plot/model.js'
import { quantile } from '../summary.js'
import { type Command, numberOf, readArgs, wrongUse } from './args.js'
import { follow, loadRun, resolveRun, withRuns } from './runs.js'
import { duration, textList, textTable, usd } from './text.js'

export const job: Command = {
  usage: `mayfly job list [--limit N] [--json]     the newest runs (default 20)
mayfly job show RUN [--json]             jobs, run times, failures and cost of a run
mayfly job attach RUN                    follows a run to its end; exit code 1 when calls failed
mayfly job cancel RUN                    asks the executor of a run to cancel it
mayfly job plot RUN [-o PATH]            PATH_timeline.svg, PATH_histogram.svg and PATH.html (default: the run's id)

RUN is an id, its beginning, or \`last\`.
`,
  run([verb, ...args]) {
    if (verb === 'list' || verb === undefined) return list(args)
    if (verb === 'show') return show(args)
    if (verb === 'attach') return attach(args)
    if (verb === 'cancel') return cancel(args)
    if (verb === 'plot') return plot(args)
    throw wrongUse(`unknown command 'job ${verb}'`)
  },
}

async function list(args: string[]): Promise<number> {
  const { values } = readArgs(args, { limit: { type: 'string' }, json: { type: 'boolean' } })
  const limit = numberOf(values.limit, '--limit', { min: 1 }) ?? 20
  const headers = (await withRuns((runs) => runs.list())).slice(0, limit)
  if (values.json) process.stdout.write(`${JSON.stringify(headers, null, 2)}\n`)
  else if (headers.length === 0) process.stdout.write('No runs here yet. `npx mayfly hello` makes one.\n')
  else
    process.stdout.write(
      `${textTable(['run', 'name', 'backend', 'status', 'calls', 'failed', 'took', 'began', 'cost'], headers.map(row))}\n`,
    )
  return 0
}

function row(run: RunHeader): (string | number)[] {
  const took =
    run.finishedAt === undefined
      ? `${duration(Date.now() - run.createdAt)} …`
      : duration(run.finishedAt - run.createdAt)
  const began = `${duration(Date.now() - run.createdAt)} ago`
  return [run.runId, run.name, run.backend, run.status, run.calls, run.failed, took, began, usd(run.cost)]
}

async function show(args: string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { json: { type: 'boolean' } }, [1, 1])
  const { header, events } = await loadRun(positionals[0]!)
  const jobs = jobRows(events)
  const failures = failureGroups(events)
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ ...header, jobList: jobs, failures }, null, 2)}\n`)
    return 0
  }
  process.stdout.write(`${headerText(header)}\n\n`)
  const ms = (value: number | null) => (value === null ? '–' : duration(value))
  const lines = jobs.map((one) => [
    one.job,
    one.name,
    one.calls,
    one.done,
    one.failed,
    one.retried,
    ms(one.p50Ms),
    ms(one.p95Ms),
    ms(one.maxMs),
  ])
  process.stdout.write(
    `${textTable(['job', 'function', 'calls', 'done', 'failed', 'retried', 'p50', 'p95', 'max'], lines)}\n`,
  )
  for (const { count, kind, code, message, calls } of failures) {
    process.stdout.write(
      `\n${count} × ${kind} ${code}: ${message}\n  calls ${calls.join(', ')}${count > calls.length ? ' …' : ''}\n`,
    )
  }
  return 0
}

function headerText(run: RunHeader): string {
  const took = duration((run.finishedAt ?? Date.now()) - run.createdAt)
  return textList([
    ['run', run.runId],
    ['name', run.name],
    ...(run.notebook ? [['notebook', run.notebook] as const] : []),
    ['status', run.status],
    ['backend', run.backend],
    ['began', new Date(run.createdAt).toISOString()],
    ['took', took],
    ['calls', `${run.calls} (${run.done} done, ${run.failed} failed)`],
    ['cost', `${usd(run.cost)}; on AWS Lambda ${usd(run.lambdaCost)} (estimate)`],
  ])
}

export interface JobRow {
  job: string
  name: string
  calls: number
  done: number
  failed: number
  /** Calls that needed more than one attempt. */
  retried: number
  p50Ms: number | null
  p95Ms: number | null
  maxMs: number | null
}

/** One row per job of the run, from its events. Pure. */
export function jobRows(events: readonly LoggedEvent[]): JobRow[] {
  const data = plotData(events)
  const failed = new Set(events.flatMap((event) => (event.type === 'failed' && event.final ? [event.call] : [])))
  const done = new Set(events.flatMap((event) => (event.type === 'done' ? [event.call] : [])))
  const within = (first: number, total: number) => (call: number) => call >= first && call < first + total
  return data.jobs.map(({ id, name, first, total }) => {
    const mine = within(first, total)
    const attempts = data.attempts.filter(({ call }) => mine(call))
    const times = runTimes(attempts).sort((a, b) => a - b)
    return {
      job: id,
      name,
      calls: total,
      done: [...done].filter(mine).length,
      failed: [...failed].filter(mine).length,
      retried: new Set(attempts.filter(({ attempt }) => attempt > 1).map(({ call }) => call)).size,
      p50Ms: quantile(times, 0.5) ?? null,
      p95Ms: quantile(times, 0.95) ?? null,
      maxMs: times.at(-1) ?? null,
    }
  })
}

const SHOWN_CALLS = 5

/** Final failures with the same kind, code and message, most frequent first. Pure. */
export function failureGroups(events: readonly LoggedEvent[]) {
  const groups = new Map<string, { count: number; kind: string; code: string; message: string; calls: number[] }>()
  for (const event of events) {
    if (event.type !== 'failed' || !event.final) continue
    const { kind, error, call } = event
    const key = `${kind} ${error.code} ${error.message}`
    const group = groups.get(key) ?? { count: 0, kind, code: error.code, message: error.message, calls: [] }
    groups.set(key, group)
    if (group.count++ < SHOWN_CALLS) group.calls.push(call)
  }
  return [...groups.values()].sort((a, b) => b.count - a.count)
}

async function attach(args: string[]): Promise<number> {
  const { positionals } = readArgs(args, {}, [1, 1])
  return withRuns(async (runs) => {
    const { runId } = await resolveRun(runs, positionals[0]!)
    let [total, done, failed, said] = [0, 0, 0, 0]
    const say = () =>
      process.stderr.write(`${done + failed}/${total} calls ended${failed ? `, ${failed} failed` : ''}\n`)
    for await (const event of follow(runs, runId)) {
      if (event.type === 'job.created') total += event.total
      else if (event.type === 'done') done++
      else if (event.type === 'failed' && event.final) failed++
      else continue
      if (Date.now() - said > 1000) {
        said = Date.now()
        say()
      }
    }
    say()
    const header = await runs.get(runId)
    process.stdout.write(`${headerText(header)}\n`)
    return header.status === 'done' ? 0 : 1
  })
}

async function cancel(args: string[]): Promise<number> {
  const { positionals } = readArgs(args, {}, [1, 1])
  return withRuns(async (runs) => {
    const { runId, status } = await resolveRun(runs, positionals[0]!)
    await runs.cancel(runId)
    process.stdout.write(
      status === 'running' ? `${runId} was asked to stop.\n` : `${runId} has ended already (${status}).\n`,
    )
    return 0
  })
}

async function plot(args: string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { output: { type: 'string', short: 'o' } }, [1, 1])
  const { header, events } = await loadRun(positionals[0]!)
  for (const path of await writePlots(plotsOf(events), values.output ?? header.runId)) process.stdout.write(`${path}\n`)
  return 0
}
