/** `mayfly cost`: the price table, what is going to cost, what did, and what it would have cost on Lambda. */
import { gbSeconds, lambdaCost, predictCost, prices } from '../cost/cost.js'
import type { LoggedEvent } from '../events.js'
import { plotData } from '../plot/model.js'
import { type Command, numberOf, readArgs, wrongUse } from './args.js'
import { loadRun } from './runs.js'
import { decimal, textTable, usd } from './text.js'

const PRICES = ['aws_lambda', 'aws_lambda_arm64', 'localhost'] as const

export const cost: Command = {
  usage: `mayfly cost                     the prices in use, with date and source
mayfly cost RUN                 a run's cost by job: here, and what the same calls would have cost on Lambda
mayfly cost predict --calls N --seconds S [--memory MB] [--attempts X] [--price ${PRICES.join('|')}]

RUN is an id, its beginning, or \`last\`.
`,
  async run(args) {
    if (args[0] === 'predict') return predict(args.slice(1))
    const { positionals } = readArgs(args, {}, [0, 1])
    if (positionals[0] === undefined) return table()
    return ofRun(positionals[0])
  },
}

function table(): number {
  const rows = Object.entries(prices()).flatMap(([name, price]) => {
    const {
      kind,
      source,
      date,
      verified,
      region,
      currency: _currency,
      architecture: _architecture,
      vcpuMemoryMb: _memory,
      ...figures
    } = price as Record<string, unknown>
    return Object.entries(figures).map(([what, amount]) => [
      name,
      `${kind}`,
      what,
      decimal(Number(amount)),
      String(region ?? '–'),
      String(date),
      verified ? 'yes' : 'no',
      String(source),
    ])
  })
  process.stdout.write(`${textTable(['price', 'kind', 'per', 'USD', 'region', 'date', 'verified', 'source'], rows)}\n`)
  return 0
}

function predict(args: string[]): number {
  const text = { type: 'string' } as const
  const { values } = readArgs(args, { calls: text, seconds: text, memory: text, attempts: text, price: text })
  const calls = numberOf(values.calls, '--calls', { min: 1 })
  const seconds = numberOf(values.seconds, '--seconds', { whole: false })
  if (calls === undefined || seconds === undefined) throw wrongUse('--calls and --seconds are needed')
  const runtimeMemory = numberOf(values.memory, '--memory', { min: 1, max: 1_048_576 })
  const attempts = numberOf(values.attempts, '--attempts', { min: 1, whole: false })
  const price = PRICES.find((name) => name === (values.price ?? 'aws_lambda'))
  if (!price) throw wrongUse(`--price must be one of ${PRICES.join(', ')}`)
  const forecast = predictCost({
    ...{ calls, seconds, price },
    ...(runtimeMemory === undefined ? {} : { runtimeMemory }),
    ...(attempts === undefined ? {} : { attempts }),
  })
  const { date, verified } = prices()[price]
  process.stdout.write(
    `${usd(forecast.usd)} (estimate)\n  ${forecast.gbSeconds.toFixed(3)} GB-s and ${Math.round(forecast.requests)} requests at ${price} prices of ${date}${verified ? '' : ', not verified against a bill'}\n`,
  )
  return 0
}

async function ofRun(wanted: string): Promise<number> {
  const { header, events } = await loadRun(wanted)
  const rows = billByJob(events)
  const total = rows.reduce((sum, row) => sum + row.lambda, 0)
  const lines = rows.map(({ job, name, attempts, gbSeconds: used, lambda }) => [
    job,
    name,
    attempts,
    Number(used.toFixed(3)),
    usd(lambda),
  ])
  const { date, verified } = prices().aws_lambda
  process.stdout.write(`${textTable(['job', 'function', 'attempts', 'GB-s', 'on AWS Lambda'], lines)}\n\n`)
  process.stdout.write(
    `${header.backend}: ${usd(header.cost)}    on AWS Lambda: ${usd(total)} (estimate, prices of ${date}${verified ? '' : ', not verified against a bill'})\n`,
  )
  return 0
}

export interface JobBill {
  job: string
  name: string
  attempts: number
  gbSeconds: number
  /** US dollars, estimate. */
  lambda: number
}

/** Per job of a run what its attempts would be billed on Lambda, from the events. Pure. */
export function billByJob(events: readonly LoggedEvent[]): JobBill[] {
  const data = plotData(events)
  const created = events.find((event) => event.type === 'run.created')
  const configured = created?.type === 'run.created' ? created.settings.runtimeMemory : undefined
  const runtimeMemory = typeof configured === 'number' ? configured : undefined
  return data.jobs.map(({ id, name, first, total }) => {
    const mine = data.attempts.filter(
      ({ call, bounds }) => call >= first && call < first + total && !Number.isNaN(bounds[LOADED]!),
    )
    const used = mine.reduce((sum, { bounds, failedAt }) => {
      const end = [bounds[STORED]!, bounds[ENDED]!, failedAt ?? Number.NaN].find((at) => !Number.isNaN(at)) ?? data.end
      return sum + gbSeconds({ durationMs: end - bounds[LOADED]!, runtimeMemory })
    }, 0)
    return { job: id, name, attempts: mine.length, gbSeconds: used, lambda: lambdaCost(used, mine.length) }
  })
}

const LOADED = 3
const ENDED = 5
const STORED = 6
