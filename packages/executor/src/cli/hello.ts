/** `mayfly hello`: the first two minutes without a browser. */
import { FunctionExecutor } from '../executor.js'
import { estimatePi } from '../hello.js'
import type { JobSummaryRow } from '../summary.js'
import { type Command, numberOf, readArgs } from './args.js'
import { textList } from './text.js'

export const hello: Command = {
  usage: `mayfly hello [--calls N] [--workers N]

Runs N calls (default 200) of a small function on worker processes of this machine, shows them as they are done,
then what they took, and what they would have cost on AWS Lambda.

  --calls N     how many calls (default 200)
  --workers N   worker processes at a time (default: one per CPU)
  --help        this text
`,
  async run(args) {
    const { values } = readArgs(args, { calls: { type: 'string' }, workers: { type: 'string' } })
    const workers = numberOf(values.workers, '--workers', { min: 1, max: 1024 })
    return greet(numberOf(values.calls, '--calls', { min: 1, max: 1_000_000 }) ?? 200, workers)
  },
}

async function greet(calls: number, workers: number | undefined): Promise<number> {
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
  return textList(lines)
}
