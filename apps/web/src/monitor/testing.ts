/** Realistic run logs from a seed, for tests and for looking at pages without a cluster. */
import type { LoggedEvent, RunEvent } from '@mayfly/executor/events'

export interface MadeRun {
  runId?: string
  /** Calls of each job. Default `[200]`. */
  jobs?: number[]
  workers?: number
  /** Share of attempts that fail, and of those that are tried again. */
  failing?: number
  retrying?: number
  seed?: number
  /** Start, ms since the epoch. */
  start?: number
  /** Median duration of a call, ms. */
  median?: number
  /** Time between samples, ms; 0 for none. */
  sampling?: number
  /** Leave out everything after this many ms: the log of a run that is still going. */
  until?: number
}

/** A small generator of numbers in [0, 1) (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const NAMES = ['segment_dataset', 'annotate_segment', 'store_images', 'calculate_fdr']

/** The whole log of a made-up run, in order of time. */
export function makeRun(options: MadeRun = {}): LoggedEvent[] {
  const { jobs = [200], workers = 8, failing = 0.02, retrying = 0.7, seed = 1, median = 400, sampling = 250 } = options
  const start = options.start ?? 1_790_000_000_000
  const random = randomFrom(seed)
  const events: RunEvent[] = []
  const free = Array.from({ length: workers }, (_, i) => ({ at: start + 20 + i, id: `w${i}`, warm: false }))
  events.push({
    type: 'run.created',
    at: start,
    runId: options.runId ?? 'made-run',
    name: 'annotate',
    backend: 'localhost',
    storage: 'localhost',
    notebook: 'Hello map.ipynb',
    cellId: 'c1',
    executionCount: 3,
    host: { pid: 4242, cpus: workers, memory: 16 * 2 ** 30, node: '24.1.0', platform: 'linux' },
    settings: { backend: 'localhost', workers, runtimeMemory: 1769, timeout: 600 },
  })
  let call = 0
  let clock = start + 5
  let failedRun = false
  jobs.forEach((total, number) => {
    const job = `M${String(number + 1).padStart(3, '0')}`
    events.push({ type: 'job.created', at: clock, job, name: NAMES[number % NAMES.length]!, first: call, total })
    let jobEnd = clock
    let failed = 0
    for (let i = 0; i < total; i++, call++) {
      const end = oneCall(events, {
        call,
        submitted: clock + i * 0.02,
        free,
        random,
        failing,
        retrying,
        median,
        sampling,
      })
      jobEnd = Math.max(jobEnd, end.at)
      if (end.failed) failed++
    }
    failedRun ||= failed > 0
    clock = jobEnd + 2
    events.push({ type: 'job.finished', at: clock, job, done: total - failed, failed })
    clock += 15
  })
  const finished = { type: 'run.finished', at: clock, status: failedRun ? 'failed' : 'done' } as const
  events.push({ ...finished, cost: 0, lambdaCost: call * 2e-5 })
  events.sort((a, b) => a.at - b.at)
  const kept = options.until === undefined ? events : events.filter(({ at }) => at <= start + options.until!)
  return kept.map((event, i) => ({ ...event, seq: i + 1 }))
}

interface OneCall extends Required<Pick<MadeRun, 'failing' | 'retrying' | 'median' | 'sampling'>> {
  call: number
  submitted: number
  free: { at: number; id: string; warm: boolean }[]
  random: () => number
}

function oneCall(events: RunEvent[], using: OneCall): { at: number; failed: boolean } {
  const { call, free, random, failing, retrying, median, sampling } = using
  let submitted = using.submitted
  for (let attempt = 1; ; attempt++) {
    const of = { call, attempt }
    const place = free.reduce((best, one) => (one.at < best.at ? one : best))
    const invoked = Math.max(submitted + 0.1, place.at)
    const setup = invoked + 0.5 + random()
    const loaded = setup + (place.warm ? 1 + random() * 2 : 90 + random() * 80)
    const fetched = loaded + 4 + random() * 20
    const started = fetched + 0.2
    const tail = random() < 0.03 ? 4 + random() * 3 : 1
    const run = median * Math.exp((random() - 0.5) * 1.2) * tail
    const bad = random() < failing
    const ended = started + (bad ? run * random() : run)
    const cold = !place.warm
    place.warm = true
    const load = 0.55 + random() * 0.4
    const rss = 90e6 + random() * 60e6
    const metrics = (at: number) => {
      const part = (at - started) / run
      return { cpuMs: (at - started) * load, peakRss: rss * (1 + part), rx: part * 2e6, tx: part * 3e5 }
    }
    events.push({ type: 'submitted', at: submitted, ...of })
    events.push({ type: 'invoked', at: invoked, ...of })
    events.push({ type: 'setup', at: setup, ...of, worker: place.id, pid: 5000 + Number(place.id.slice(1)), cold })
    events.push({ type: 'fetched', at: fetched, ...of, loaded, bytes: Math.round(2e5 * random()) })
    events.push({ type: 'started', at: started, ...of })
    if (sampling > 0) {
      for (let at = started; at < ended; at += sampling) {
        const measured = metrics(at)
        events.push({ type: 'sample', at, ...of, rss: measured.peakRss * 0.96, ...measured })
      }
      events.push({ type: 'sample', at: ended, ...of, rss: rss * 1.4, ...metrics(ended) })
    }
    if (call % 20 === 0) {
      const text = `segment ${call}: ${Math.round(random() * 900)} peaks\n`
      events.push({ type: 'log', at: started + 1, ...of, stream: 'stdout', text })
    }
    if (!bad) {
      const stored = ended + 1 + random() * 6
      place.at = stored + 0.3
      events.push({ type: 'stored', at: stored, ...of, ended, bytes: Math.round(5e4 * random()) })
      events.push({ type: 'done', at: stored + 0.1, ...of, ended, metrics: metrics(ended) })
      const collected = stored + 2 + random() * 10
      events.push({ type: 'collected', at: collected, ...of })
      return { at: collected, failed: false }
    }
    const lost = random() < 0.4
    const final = attempt >= 3 || random() > retrying
    const error = lost
      ? {
          name: 'WorkerLost',
          code: 'E_WORKER_LOST',
          message: 'The worker was ended by SIGKILL.',
          hint: 'Run it again.',
        }
      : {
          name: 'RangeError',
          code: 'E_USER',
          message: 'no peaks in this segment',
          stack: 'RangeError: no peaks in this segment\n    at annotate (Cell 4:12:9)\n    at run (worker.js:1:1)',
        }
    place.at = ended + 5
    events.push({ type: 'failed', at: ended + 0.2, ...of, ended, kind: lost ? 'lost' : 'error', error, final })
    if (final) return { at: ended + 0.2, failed: true }
    submitted = ended + 1
  }
}
