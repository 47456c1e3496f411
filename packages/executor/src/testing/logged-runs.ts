/** What runs have logged so far, for tests that look while they go on. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LoggedEvent } from '../events.js'

/** The events of all runs of a home folder, run by run, oldest first. */
export function loggedRuns(home: string): LoggedEvent[][] {
  const folder = join(home, 'runs')
  const files = readdirSync(folder).filter((file) => file.endsWith('.ndjson'))
  return files.sort().map((file) => {
    // What follows the last line break is the beginning of an event, or nothing.
    const lines = readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line) as LoggedEvent)
  })
}
