/** `mayfly hello`: the first two minutes without a browser. */
import { parseArgs } from 'node:util'
import { formatError, toErrorValue } from './errors.js'
import { FunctionExecutor } from './executor.js'
import { estimatePi } from './hello.js'
import type { JobSummaryRow } from './summary.js'

const HELP = `mayfly hello [--calls N] [--workers N]

Runs N calls (default 200) of a small function on worker processes of this machine, shows them as they are done,
then what they took, and what they would have cost on AWS Lambda.

  --calls N     how many calls (default 200)
  --workers N   worker processes at a time (default: one per CPU)
  --help        this text
`

/** Runs the command; the result is the exit code: 0 well, 1 failed calls, 2 wrong use. */
export async function main(argv: string[]): Promise<number> {
  let options: { calls: number; workers: number | undefined; help: boolean }
  try {
    options = readOptions(argv)
  } catch (error) {
    process.stderr.write(`E_CLI_USAGE: ${(error as Error).message}\n\n${HELP}`)
    return 2
  }
  if (options.help) {
    process.stdout.write(HELP)
    return 0
  }
  try {
    return await hello(options.calls, options.workers)
  } catch (error) {
    process.stderr.write(`${formatError(toErrorValue(error))}\n`)
    return 1
  }
}

function readOptions(argv: string[]): { calls: number; workers: number | undefined; help: boolean } {
  const args = argv[0] === 'hello' ? argv.slice(1) : argv
  const { values } = parseArgs({
    args,
    options: { calls: { type: 'string' }, workers: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  const count = (name: 'calls' | 'workers', most: number) => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new Error(`--${name} must be a whole number from 1 to ${most}`)
    }
    return value
  }
  return {
    calls: values.calls === undefined ? 200 : count('calls', 1_000_000),
    workers: values.workers === undefined ? undefined : count('workers', 1024),
    help: values.help === true,
  }
}

async function hello(calls: number, workers: number | undefined): Promise<number> {
  const executor = new FunctionExecutor({ name: 'Hello, map', ...(workers === undefined ? {} : { workers }) })
  try {
    const seeds = Array.from({ length: calls }, (_, i) => i + 1)
    const futures = executor.map(estimatePi, seeds, { name: 'estimatePi' })
    if (!process.stderr.isTTY) await narrate(futures)
    const hits = await executor.getResult(futures)
    const points = hits.reduce((sum, hit) => sum + hit.points, 0)
    const inside = hits.reduce((sum, hit) => sum + hit.inside, 0)
    const pi = (4 * inside) / points
    process.stdout.write(
      `\nπ ≈ ${pi.toFixed(6)} from ${points.toLocaleString('en')} random points in ${calls} calls\n\n`,
    )
    const row = executor.jobSummary()[0]!
    process.stdout.write(`${summaryTable(row)}\n`)
    return row.failed > 0 ? 1 : 0
  } finally {
    await executor.close()
  }
}

/** Where there is no terminal to repaint, a line per tenth. */
async function narrate(futures: { length: number } & AsyncIterable<unknown>): Promise<void> {
  let done = 0
  for await (const _ of futures) {
    if (++done % Math.ceil(futures.length / 10) === 0) process.stderr.write(`${done}/${futures.length} done\n`)
  }
}

/** The job's figures as an aligned table of two columns. */
export function summaryTable(row: JobSummaryRow): string {
  const ms = (seconds: number | null) => (seconds === null ? '–' : `${(seconds * 1000).toFixed(1)} ms`)
  const lines: [string, string][] = [
    ['calls', `${row.invocations} (${row.done} done, ${row.failed} failed)`],
    ['elapsed', `${row.elapsed.toFixed(2)} s, ${(row.invocations / Math.max(row.elapsed, 0.001)).toFixed(0)} calls/s`],
    ['run time', `mean ${ms(row.avgRuntime)}, p50 ${ms(row.p50)}, p90 ${ms(row.p90)}, max ${ms(row.max)}`],
    ['CPU', `${row.cpuSeconds.toFixed(2)} s`],
    ['peak memory', `${row.peakMemory} MB`],
    ['cost here', '$0'],
    ['on AWS Lambda', `$${row.lambdaCost.toFixed(6)} (estimate)`],
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  return lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')
}
