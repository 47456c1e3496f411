/** The status line of a pipeline: its stage, the stage's calls, and the time that is left for both the stage and all. */
import type { PipelineProgress } from '../progress.js'
import type { PictureProgress } from '../types.js'
import { type Output, StatusLine, type StatusText, timeLeft, timeText } from './status-line.js'

const BAR = 20

export class ProgressLine {
  readonly #line: StatusLine<PipelineProgress>

  /** @param plain takes a line now and then where `terminal` is none. */
  constructor(terminal: Output, plain: (line: string) => void) {
    this.#line = new StatusLine(STATUS, terminal, plain)
  }

  /** For the pipeline's `onProgress`. */
  update(progress: PipelineProgress): void {
    if (progress.state === 'running') this.#line.update(progress)
    else this.clear()
  }

  /** Takes the line away, so that another may be written. */
  clear(): void {
    this.#line.clear()
  }
}

const STATUS: StatusText<PipelineProgress> = {
  line: (progress, seconds) => progressText(later(progress, seconds)),
  plain: ({ stage, done, total, unit, remaining, whole }) =>
    `${stage}: ${total === 0 ? 'running' : `${done} of ${total} ${unit}`}${left(remaining, whole?.remaining)}`,
}

/** Of pictures that are being written. */
export const PICTURES: StatusText<PictureProgress> = {
  line: ({ done, total, remaining }, seconds) =>
    `images  ${bar(done, total)}  ${done}/${total}${timeLeft(remaining === undefined ? undefined : remaining - seconds)}`,
  plain: ({ done, total, remaining }) => `images: ${done} of ${total}${timeLeft(remaining)}`,
}

/** The same some seconds later, when nothing has happened since. */
function later(progress: PipelineProgress, seconds: number): PipelineProgress {
  const { elapsed, remaining, whole } = progress
  const after = (left: number) => Math.max(0, left - seconds)
  return {
    ...{ ...progress, elapsed: elapsed + seconds },
    ...(remaining === undefined ? {} : { remaining: after(remaining) }),
    ...(whole === undefined ? {} : { whole: { ...whole, remaining: after(whole.remaining) } }),
  }
}

/** ` 9/10 annotate  ████████░░░░  120/350 · 12.3 s, about 24 s left, 40 s in all` */
export function progressText({
  stage,
  number,
  stages,
  done,
  total,
  unit,
  elapsed,
  ...times
}: PipelineProgress): string {
  const calls = total === 0 ? '' : `${done}/${total}${unit === 'MB' ? ' MB' : ''} · `
  const time = `${elapsed.toFixed(1)} s${left(times.remaining, times.whole?.remaining)}`
  return `${String(number).padStart(2)}/${stages} ${stage}  ${bar(done, total)}  ${calls}${time}`
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.floor((BAR * done) / total)
  return '█'.repeat(filled) + '░'.repeat(BAR - filled)
}

/** Of the stage and of all; once where both are the same, and not of a stage whose first calls promise more than all. */
function left(stage: number | undefined, all: number | undefined): string {
  if (all === undefined || all <= 0) return timeLeft(stage)
  if (stage === undefined || stage <= 0 || stage > all + 1) return `, about ${timeText(all)} left in all`
  const [own, whole] = [timeText(stage), timeText(all)]
  return own === whole ? `, about ${own} left` : `, about ${own} left, ${whole} in all`
}
