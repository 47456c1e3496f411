/** Reads the lines of an answer, and puts a worker's stamps on this machine's clock. */
import { now } from '../../worker/clock.js'
import type { AttemptEvent, Beat } from '../backend.js'
import { decode, type Line, type Sighting } from './wire.js'

export class LineReader {
  readonly #sent: number
  #offset = 0

  /** @param sent when the request went out, ms */
  constructor(sent: number) {
    this.#sent = sent
  }

  /** An event, or nothing for what is only about the clock. */
  read(text: string): AttemptEvent | Beat | undefined {
    const line = decode(text) as Line
    if (line.type === 'clock') this.#set(line.at, line.at)
    return line.type === 'clock' ? undefined : shifted(line, this.#offset)
  }

  /** The events of an answer that has come as a whole. */
  *readAll(texts: readonly string[]): Generator<AttemptEvent | Beat> {
    const lines = texts.map((text) => decode(text) as Line)
    const clock = lines.find(({ type }) => type === 'clock')
    if (clock) this.#set(clock.at, Math.max(...lines.map(({ at }) => at)))
    for (const line of lines) if (line.type !== 'clock') yield shifted(line, this.#offset)
  }

  /** A clock that is wrong shows here: it was read first after the request was sent, and last before this. */
  #set(first: number, last: number): void {
    this.#offset = Math.max(this.#sent - first, Math.min(0, now() - last))
  }
}

/** The events that a sighting stands for. Its clock is not known yet, but that it lies between the request and now. */
export function* eventsOf(seen: Sighting, sent: number): Generator<AttemptEvent> {
  const at = (stamp: number) => Math.min(now(), Math.max(sent, stamp))
  const { id, worker, cold, setup, fetched, loaded, started, bytes } = seen
  yield { id, type: 'setup', at: at(setup), worker, cold }
  if (fetched > 0) yield { id, type: 'fetched', at: at(fetched), loaded: at(loaded), bytes }
  if (started > 0) yield { id, type: 'started', at: at(started) }
}

function shifted<T extends AttemptEvent | Beat>(event: T, offset: number): T {
  if (offset === 0) return event
  const moved: Record<string, unknown> = { ...event }
  // What is told has been: how late the first line came is not known of the others.
  const latest = now()
  for (const key of ['at', 'ended', ...(event.type === 'fetched' ? ['loaded'] : [])]) {
    if (typeof moved[key] === 'number') moved[key] = Math.min(latest, moved[key] + offset)
  }
  return moved as T
}
