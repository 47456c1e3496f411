/** The statistics of a run as a table in plain text, and as a file. */
import type { Pipeline } from '../pipeline.js'
import type { StatsRow } from '../types.js'

const COLUMNS = ['Function', 'Actions', 'Memory', 'AvgRuntime', 'Cost', 'CloudObjects', 'Where', 'Cached'] as const

/** A line for each map: numbers to the right, names to the left. */
export function statisticsTable(rows: readonly StatsRow[]): string {
  const cell = (row: StatsRow, name: (typeof COLUMNS)[number]) => {
    if (name === 'Cost') return row.Cost.toFixed(6)
    if (name === 'AvgRuntime') return row.AvgRuntime.toFixed(3)
    if (name === 'Cached') return row.Cached ? 'yes' : row.Resumed > 0 ? `${row.Resumed} calls` : 'no'
    return String(row[name])
  }
  const lines = [[...COLUMNS] as string[], ...rows.map((row) => COLUMNS.map((name) => cell(row, name)))]
  const widths = COLUMNS.map((_, c) => Math.max(...lines.map((line) => line[c]!.length)))
  const numeric = (c: number) => c >= 1 && c <= 5
  return lines
    .map((line) =>
      line
        .map((text, c) => (numeric(c) ? text.padStart(widths[c]!) : text.padEnd(widths[c]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Which implementation ran, and what it took. */
export function statisticsJson(pipeline: Pipeline): string {
  const { mode, impl } = pipeline.search
  return `${JSON.stringify({ mode, impl, totalCost: pipeline.totalCost(), stages: pipeline.getStats() }, null, 2)}\n`
}
