/** Order and filter of the table of calls. Pure. */
import { type RunModel, S, type STATES } from './model'
import { totalOf } from './phases'
import { METRICS } from './summary'

export const CALL_COLUMNS = {
  call: { title: 'Call', of: (_: RunModel, row: number) => row },
  job: { title: 'Stage', of: (m: RunModel, row: number) => m.job.data[row]! },
  state: { title: 'Status', of: (m: RunModel, row: number) => m.state.data[row]! },
  duration: { title: 'Duration', of: totalOf },
  run: { title: 'Run', of: METRICS.run.of },
  setup: { title: 'Setup', of: METRICS.setup.of },
  attempts: { title: 'Attempts', of: (m: RunModel, row: number) => m.attempt.data[row]! },
  worker: { title: 'Worker', of: (m: RunModel, row: number) => m.worker.data[row]! },
  cpu: { title: 'CPU time', of: METRICS.cpu.of },
  memory: { title: 'Peak memory', of: METRICS.memory.of },
  output: { title: 'Result', of: METRICS.output.of },
} as const satisfies Record<string, { title: string; of: (model: RunModel, row: number, now: number) => number }>
export type CallColumn = keyof typeof CALL_COLUMNS

export interface CallChoice {
  column: CallColumn
  descending: boolean
  state?: (typeof STATES)[number]
  job?: number
  /** Only calls that were under way in this stretch of time. */
  window?: { from: number; to: number }
}

/** The calls as the table lists them. What is not known comes last in both directions; ties keep their order. */
export function orderCalls(model: RunModel, choice: CallChoice, now: number): Int32Array {
  const { column, descending, state, job, window } = choice
  const wanted = state === undefined ? -1 : S[state]
  const rows = new Int32Array(model.rows)
  let count = 0
  for (let row = 0; row < model.rows; row++) {
    if (wanted >= 0 && model.state.data[row] !== wanted) continue
    if (job !== undefined && model.job.data[row] !== job) continue
    if (window) {
      const begin = model.first.data[row]!
      if (!(begin <= window.to && begin + totalOf(model, row, now) >= window.from)) continue
    }
    rows[count++] = row
  }
  const kept = rows.subarray(0, count)
  if (column === 'call') return descending ? kept.reverse() : kept
  const keys = new Float64Array(model.rows)
  const sign = descending ? -1 : 1
  for (const row of kept) {
    const value = CALL_COLUMNS[column].of(model, row, now)
    keys[row] = Number.isNaN(value) ? Number.POSITIVE_INFINITY : sign * value
  }
  return kept.sort((a, b) => (keys[a]! === keys[b]! ? a - b : keys[a]! - keys[b]!))
}
