import type { LoggedEvent, RunStatus } from '@mayfly/executor/events'
import { encodeBatch, type RunEventBatch } from '../lib/run-batch'
import { type Runner, statusOf } from './runner'

/** News of one run. `events` is absent when the run came to its end without a word. */
export interface RunNews {
  runId: string
  /** Last sequence number the reader now has. */
  seq: number
  events?: RunEventBatch
  /** Set once, with the last news of the run: its final status, or that there is no such log. */
  end?: Exclude<RunStatus, 'running'> | 'missing'
}

export interface WatchOptions {
  /** Shortest time between two messages of one subscription, ms. Default 100. */
  interval?: number
  /** Most events in a message. Default 4000. */
  limit?: number
  /** Pause before the runner is asked again after it dropped the stream, ms. Default 1000. */
  retry?: number
}

interface Tail {
  runId: string
  seq: number
  pending: LoggedEvent[]
  end?: RunNews['end']
  closed: boolean
}

/**
 * Follows the logs of several runs at once and yields their news in columns: at most one message an interval while the
 * runs are slow, back to back while there is history to catch up with. Ends when every run has ended; closes its
 * connections to the runner when `signal` aborts or the consumer leaves.
 * @param cursors for each run the last sequence number the reader has
 */
export async function* watchRuns(
  runner: Pick<Runner, 'events' | 'run'>,
  cursors: Record<string, number>,
  signal: AbortSignal | undefined,
  options: WatchOptions = {},
): AsyncGenerator<RunNews> {
  const { interval = 100, limit = 4000, retry = 1000 } = options
  const leave = new AbortController()
  const stop = AbortSignal.any(signal ? [signal, leave.signal] : [leave.signal])
  const bell = createBell(stop)
  const tails: Tail[] = Object.entries(cursors).map(([runId, seq]) => ({ runId, seq, pending: [], closed: false }))
  const following = tails.map((tail) => follow(runner, tail, { stop, retry, limit, bell }))
  try {
    while (!stop.aborted) {
      const news = tails.map((tail) => take(tail, limit)).filter((one) => one !== undefined)
      yield* news
      bell.room()
      if (tails.every((tail) => tail.closed && tail.pending.length === 0 && !tail.end)) return
      if (tails.some((tail) => tail.pending.length >= limit)) continue
      if (news.length > 0) await pause(interval, stop)
      if (!tails.some((tail) => tail.pending.length > 0 || tail.end)) await bell.rung()
    }
  } finally {
    leave.abort()
    await Promise.allSettled(following)
  }
}

function take(tail: Tail, limit: number): RunNews | undefined {
  const events = tail.pending.splice(0, limit)
  const end = tail.pending.length === 0 ? tail.end : undefined
  if (events.length === 0 && !end) return
  if (end) tail.end = undefined
  if (events.length > 0) tail.seq = events[events.length - 1]!.seq
  return {
    runId: tail.runId,
    seq: tail.seq,
    ...(events.length > 0 ? { events: encodeBatch(events) } : {}),
    ...(end ? { end } : {}),
  }
}

interface Following {
  stop: AbortSignal
  retry: number
  limit: number
  bell: ReturnType<typeof createBell>
}

/** Reads one log to its end into `tail.pending`, and waits while the reader is behind. Never rejects. */
async function follow(runner: Pick<Runner, 'events' | 'run'>, tail: Tail, using: Following): Promise<void> {
  const { stop, bell } = using
  let seen = tail.seq
  while (!stop.aborted && !tail.closed) {
    try {
      for await (const events of runner.events(tail.runId, seen, stop)) {
        for (const event of events) if (event.seq > seen) tail.pending.push(event)
        seen = Math.max(seen, events[events.length - 1]!.seq)
        bell.ring()
        while (tail.pending.length >= using.limit * 4 && !stop.aborted) await bell.roomMade()
      }
      // A stream that ends is a run that ended, or a runner that did: its header tells which.
      const { status } = await runner.run(tail.runId, stop)
      if (status !== 'running') tail.end = status
    } catch (error) {
      if (statusOf(error) === 404) tail.end = 'missing'
    }
    if (tail.end) tail.closed = true
    else await pause(using.retry, stop)
  }
  bell.ring()
}

/** Two signals between the readers of logs and the one writer of messages: news has come, and there is room again. */
function createBell(stop: AbortSignal) {
  const waiting = { news: new Set<() => void>(), room: new Set<() => void>() }
  const wake = (set: Set<() => void>) => {
    for (const resolve of set) resolve()
    set.clear()
  }
  const wait = (set: Set<() => void>) =>
    stop.aborted ? Promise.resolve() : new Promise<void>((resolve) => set.add(resolve))
  const wakeAll = () => {
    wake(waiting.news)
    wake(waiting.room)
  }
  stop.addEventListener('abort', wakeAll, { once: true })
  return {
    ring: () => wake(waiting.news),
    rung: () => wait(waiting.news),
    room: () => wake(waiting.room),
    roomMade: () => wait(waiting.room),
  }
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    stop.addEventListener('abort', done, { once: true })
  })
}
