/** Progress in a terminal: one line that is written over; elsewhere a plain line now and then for stages that take long. */
import type { PipelineProgress } from '../progress.js'

const LINE_MS = 100
/** Between calls that take long the time goes on. */
const TICK_MS = 500
const PLAIN_MS = 10_000
const BAR = 20

export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export class ProgressLine {
  #shownAt = 0
  #shown = false
  #latest: { progress: PipelineProgress; at: number } | undefined
  #ticking: NodeJS.Timeout | undefined

  constructor(
    private readonly terminal: Output,
    private readonly plain: (line: string) => void,
  ) {}

  /** For the pipeline's `onProgress`. */
  update(progress: PipelineProgress): void {
    const running = progress.state === 'running'
    if (!this.terminal.isTTY) this.#plain(progress, running)
    else if (running) this.#draw(progress)
    else this.clear()
  }

  #draw(progress: PipelineProgress): void {
    const now = performance.now()
    this.#latest = { progress, at: now }
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS).unref()
    if (now - this.#shownAt >= LINE_MS) this.#show(progress, now)
  }

  #tick(): void {
    if (!this.#latest) return
    const now = performance.now()
    const { progress, at } = this.#latest
    this.#show(later(progress, (now - at) / 1000), now)
  }

  #show(progress: PipelineProgress, now: number): void {
    this.#shownAt = now
    this.#shown = true
    this.terminal.write(`\r\x1b[2K${progressText(progress).slice(0, (this.terminal.columns ?? 80) - 1)}`)
  }

  /** Takes the line away, so that another may be written. */
  clear(): void {
    clearInterval(this.#ticking)
    this.#ticking = this.#latest = undefined
    if (this.#shown) this.terminal.write('\r\x1b[2K')
    this.#shown = false
  }

  #plain(progress: PipelineProgress, running: boolean): void {
    const now = performance.now()
    if (progress.done === 0 || !running) this.#shownAt = now
    if (!running || now - this.#shownAt < PLAIN_MS) return
    this.#shownAt = now
    const { stage, done, total, remaining } = progress
    this.plain(`${stage}: ${done} of ${total} calls${left(remaining)}`)
  }
}

/** The same some seconds later, when nothing has happened since. */
function later(progress: PipelineProgress, seconds: number): PipelineProgress {
  const { elapsed, remaining } = progress
  const left = remaining === undefined ? {} : { remaining: Math.max(0, remaining - seconds) }
  return { ...progress, elapsed: elapsed + seconds, ...left }
}

/** ` 9/10 annotate  ████████░░░░  120/350 · 12.3 s, about 24 s left` */
export function progressText({ stage, number, stages, done, total, elapsed, remaining }: PipelineProgress): string {
  const filled = total === 0 ? 0 : Math.floor((BAR * done) / total)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled)
  const calls = total === 0 ? '' : `${done}/${total} · `
  return `${String(number).padStart(2)}/${stages} ${stage}  ${bar}  ${calls}${elapsed.toFixed(1)} s${left(remaining)}`
}

function left(remaining: number | undefined): string {
  const seconds = Math.ceil(remaining ?? 0)
  if (seconds === 0) return ''
  return seconds < 100 ? `, about ${seconds} s left` : `, about ${Math.round(seconds / 60)} min left`
}
