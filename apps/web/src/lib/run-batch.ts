import type { LoggedEvent } from '@mayfly/executor/events'

/**
 * Many events of one run, by columns, so that field names travel once: a quarter of the bytes and a thirtieth of the
 * server's time of one message an event. Lossless for events without `null` or `undefined` fields, which the log has not.
 */
export interface RunEventBatch {
  /** Sequence number of the first event; the others follow without gaps unless `seqs` lists them. */
  first: number
  seqs?: number[]
  /** Milliseconds since the epoch that `at` is counted from. */
  base: number
  /** For each event its group. */
  order: number[]
  at: number[]
  groups: { type: LoggedEvent['type']; columns: Record<string, unknown[]> }[]
}

/** Turns events into columns. `events` must not be empty. */
export function encodeBatch(events: readonly LoggedEvent[]): RunEventBatch {
  const first = events[0]!.seq
  const base = Math.floor(events[0]!.at)
  const groups: RunEventBatch['groups'] = []
  const index = new Map<string, number>()
  const sizes: number[] = []
  const order = new Array<number>(events.length)
  const at = new Array<number>(events.length)
  let dense = true
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!
    if (event.seq !== first + i) dense = false
    let group = index.get(event.type)
    if (group === undefined) {
      index.set(event.type, (group = groups.length))
      groups.push({ type: event.type, columns: {} })
      sizes.push(0)
    }
    const { columns } = groups[group]!
    const row = sizes[group]!++
    for (const [key, value] of Object.entries(event)) {
      if (key === 'type' || key === 'seq' || key === 'at' || value === undefined) continue
      // A field that is absent from some events of its type leaves nulls behind.
      const column = (columns[key] ??= [])
      while (column.length < row) column.push(null)
      column.push(value)
    }
    order[i] = group
    at[i] = toOffset(event.at, base)
  }
  return { first, ...(dense ? {} : { seqs: events.map((event) => event.seq) }), base, order, at, groups }
}

/** The shortest decimal that gives the very same time back, so that a live and a reloaded page agree to the bit. */
function toOffset(at: number, base: number): number {
  const rounded = Math.round((at - base) * 1000) / 1000
  return base + rounded === at ? rounded : at - base
}

/** The events of a batch, in their order. */
export function* decodeBatch(batch: RunEventBatch): Generator<LoggedEvent> {
  const groups = batch.groups.map(({ type, columns }) => ({ type, columns: Object.entries(columns), row: 0 }))
  for (let i = 0; i < batch.order.length; i++) {
    const group = groups[batch.order[i]!]!
    const event: Record<string, unknown> = {
      seq: batch.seqs ? batch.seqs[i] : batch.first + i,
      type: group.type,
      at: batch.base + batch.at[i]!,
    }
    for (const [key, column] of group.columns) {
      const value = column[group.row]
      if (value !== null && value !== undefined) event[key] = value
    }
    group.row++
    yield event as unknown as LoggedEvent
  }
}
