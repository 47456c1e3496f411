/** The events of a run as they stand in its log. */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { LoggedEvent } from '../events.js'

/** A line of a log; undefined for a torn one. */
export function parseEvent(line: string): LoggedEvent | undefined {
  try {
    return JSON.parse(line) as LoggedEvent
  } catch {
    return undefined
  }
}

/** Events of a run that goes on or has ended; a torn last line is passed over. Rejects when there is no log. */
export async function readRun(home: string, runId: string): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = []
  for await (const line of createInterface({ input: createReadStream(join(home, 'runs', `${runId}.ndjson`)) })) {
    const event = parseEvent(line)
    if (event) events.push(event)
  }
  return events
}
