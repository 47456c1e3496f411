/** What went wrong in a run, and what took too long and why. Pure. */
import { B, type RunModel, WIDTH } from './model'
import { workedOf } from './phases'
import { between, METRICS, quantile, rowsOf, valuesOf } from './summary'

export interface Straggler {
  row: number
  job: number
  duration: number
  /** How many times the median of its job. */
  ratio: number
  cause: string
}

/**
 * Calls that took longer than max(2 × p75, p75 + 3 × IQR) of the finished calls of their job, longest first, each with
 * the phase that deviates most from its median said in words. A job needs four finished calls to have stragglers.
 */
export function stragglersOf(model: RunModel, now: number): Straggler[] {
  const found: Straggler[] = []
  model.jobs.forEach((_, job) => {
    const [from, to] = rowsOf(model, job)
    const sorted = valuesOf(model, 'duration', from, to)
    if (sorted.length < 4) return
    const p75 = quantile(sorted, 0.75)
    const limit = Math.max(2 * p75, p75 + 3 * (p75 - quantile(sorted, 0.25)))
    const median = quantile(sorted, 0.5)
    let medians: PhaseMedians | undefined
    for (let row = from; row < to; row++) {
      const duration = workedOf(model, row, now)
      if (!(duration > limit)) continue
      medians ??= mediansOf(model, from, to)
      found.push({ row, job, duration, ratio: duration / median, cause: causeOf(model, row, now, medians) })
    }
  })
  return found.sort((a, b) => b.duration - a.duration)
}

interface PhaseMedians {
  setup: number
  fetch: number
  run: number
  store: number
  input: number
}

const fetchOf = (model: RunModel, row: number) => between(model, row, B.loaded, B.started)
const storeOf = (model: RunModel, row: number) => between(model, row, B.ended, B.stored)

function mediansOf(model: RunModel, from: number, to: number): PhaseMedians {
  const median = (of: (model: RunModel, row: number) => number) => {
    const values = new Float64Array(to - from)
    let count = 0
    for (let row = from; row < to; row++) {
      const value = of(model, row)
      if (!Number.isNaN(value)) values[count++] = value
    }
    return quantile(values.subarray(0, count).sort(), 0.5) || 0
  }
  return {
    setup: median(METRICS.setup.of),
    fetch: median(fetchOf),
    run: median(METRICS.run.of),
    store: median(storeOf),
    input: median(METRICS.input.of),
  }
}

function causeOf(model: RunModel, row: number, now: number, medians: PhaseMedians): string {
  const started = model.bounds.data[row * WIDTH + B.started]!
  const run = METRICS.run.of(model, row)
  const over = {
    setup: (METRICS.setup.of(model, row) || 0) - medians.setup,
    fetch: (fetchOf(model, row) || 0) - medians.fetch,
    run: (!Number.isNaN(run) ? run : !Number.isNaN(started) ? now - started : 0) - medians.run,
    store: (storeOf(model, row) || 0) - medians.store,
  }
  const worst = (Object.keys(over) as (keyof typeof over)[]).reduce((a, b) => (over[b] > over[a] ? b : a))
  const retries = model.attempt.data[row]! - 1
  const again = retries > 0 ? `; tried ${retries === 1 ? 'twice' : `${retries + 1} times`}` : ''
  const seconds = `${(over[worst] / 1000).toFixed(1)} s`
  if (worst === 'setup') return `${seconds} longer in ${model.cold.data[row] ? 'a cold start' : 'setup'}${again}`
  if (worst === 'store') return `${seconds} longer writing its result${again}`
  if (worst === 'fetch') {
    const times = model.bytesIn.data[row]! / medians.input
    return times > 1.5
      ? `fetched ${times.toFixed(1)}× the median bytes${again}`
      : `${seconds} longer fetching its input${again}`
  }
  const ran = over.run + medians.run
  const use = model.cpuMs.data[row]! / ran
  const cpu = use > 0.9 ? ', CPU at 100 % throughout' : use < 0.25 ? ', mostly waiting, not computing' : ''
  return `${seconds} longer in your function${cpu}${again}`
}

/** Failures of one kind: same code and same top frame of the stack. */
export interface FailureGroup {
  key: string
  code: string
  kind: string
  name: string
  message: string
  hint?: string
  stack?: string
  frame: string
  /** Attempts that failed so, and the calls they belong to (each once). */
  count: number
  calls: number[]
  /** Calls that failed for good. */
  final: number
  firstAt: number
  lastAt: number
}

export function failureGroupsOf(model: RunModel): FailureGroup[] {
  const groups = new Map<string, FailureGroup & { seen: Set<number> }>()
  for (const { call, kind, error, to, final } of model.failures) {
    const frame = topFrame(error.stack)
    // Messages name their call; two that differ only in numbers are the same failure.
    const key = `${error.code}\n${kind}\n${frame || error.message.replace(/\d+/g, '#')}`
    let group = groups.get(key)
    if (!group) {
      const { code, name, message, hint, stack } = error
      group = {
        key,
        code,
        kind,
        name,
        message,
        hint,
        stack,
        frame,
        count: 0,
        calls: [],
        final: 0,
        firstAt: to,
        lastAt: to,
        seen: new Set(),
      }
      groups.set(key, group)
    }
    group.count++
    if (final) group.final++
    if (!group.seen.has(call)) {
      group.seen.add(call)
      group.calls.push(call)
    }
    group.firstAt = Math.min(group.firstAt, to)
    group.lastAt = Math.max(group.lastAt, to)
  }
  return [...groups.values()]
    .map(({ seen: _, ...group }) => group)
    .sort((a, b) => b.final - a.final || b.count - a.count)
}

/** The first frame of a stack without its `at`, or nothing. */
export function topFrame(stack: string | undefined): string {
  const line = stack?.split('\n').find((one) => /^\s*at /.test(one))
  return line?.trim().slice(3) ?? ''
}
