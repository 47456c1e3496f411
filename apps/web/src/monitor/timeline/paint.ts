/** Paints the timeline: one path and one fill for each phase, whatever the number of calls. */
import { B, type Failure, type RunModel, S, WIDTH } from '../model'
import { PHASE_COUNT } from '../phases'
import { type TimeScale, tickLabel, ticks, toX } from '../scale'
import type { Palette } from './palette'
import type { Picked } from './rows'

/** What painting needs of a 2D context; the tests give one that records. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'beginPath'
  | 'rect'
  | 'fill'
  | 'stroke'
  | 'moveTo'
  | 'lineTo'
  | 'closePath'
  | 'clip'
  | 'save'
  | 'restore'
  | 'fillRect'
  | 'fillText'
  | 'strokeRect'
  | 'clearRect'
  | 'translate'
> & {
  fillStyle: string | CanvasGradient | CanvasPattern
  strokeStyle: string | CanvasGradient | CanvasPattern
  lineWidth: number
  globalAlpha: number
  font: string
  textAlign: CanvasTextAlign
  textBaseline: CanvasTextBaseline
}

/** Height of the time axis above the rows, pixels. */
export const AXIS = 22

export interface Frame {
  model: RunModel
  picked: Picked
  scale: TimeScale
  /** Pixels there are for rows, below the axis. */
  height: number
  palette: Palette
  /** Time up to which open bars reach, ms since the epoch. */
  now: number
  /** Failed attempts before the current one, by call. */
  earlier: ReadonlyMap<number, readonly Failure[]>
  hover?: number
  selected?: number
  /** Draw the axis; the strip has none. */
  axis?: boolean
  /** Leave out the phases in which no worker works, for small pictures. */
  calm?: boolean
}

/** Phases in which a worker is at work; the others are waits and drawn thinner. */
const WORKING = [false, false, true, true, true, true, false]

/** Rows lower than this have no room for thin bars: waits are then lighter tones, or they would drown the work. */
const ROOMY = 4
const TONES = [0.3, 0.6, 1, 1, 1, 1, 0.6]

/** Height of a wait: a third of its row where there is room. */
const thinOf = (h: number) => (h >= ROOMY ? Math.max(1, Math.round(h / 3)) : h)
const toneOf = ({ picked }: Frame, phase: number) =>
  picked.count > 0 && picked.heights[0]! < ROOMY ? (TONES[phase] ?? 1) : 1

/** Paints a frame over the whole canvas; returns how many calls were painted. */
export function paint(pen: Pen, frame: Frame): number {
  const { scale, height, palette } = frame
  const axis = frame.axis === false ? 0 : AXIS
  pen.clearRect(0, 0, scale.width, height + axis)
  if (axis > 0) paintAxis(pen, frame)
  pen.save()
  pen.translate(0, axis)
  pen.beginPath()
  pen.rect(0, 0, scale.width, height)
  pen.clip()
  paintCurrent(pen, frame)
  paintBars(pen, frame)
  paintEarlier(pen, frame)
  if (frame.model.status === 'running') paintNow(pen, toX(scale, frame.now), height, palette)
  pen.restore()
  return frame.picked.count
}

/** Marks the rows under the pointer and in the side panel. */
function paintCurrent(pen: Pen, { picked, scale, palette, hover, selected }: Frame): void {
  for (const [row, alpha] of [
    [hover, 0.1],
    [selected, 0.2],
  ] as const) {
    if (row === undefined) continue
    const index = picked.rows.subarray(0, picked.count).indexOf(row)
    if (index < 0) continue
    pen.globalAlpha = alpha
    pen.fillStyle = palette.accent
    pen.fillRect(0, picked.y[index]! - 1, scale.width, picked.heights[index]! + 2)
    pen.globalAlpha = 1
  }
}

function paintBars(pen: Pen, frame: Frame): void {
  const { palette } = frame
  const bars = collectBars(frame)
  for (let phase = 0; phase <= PHASE_COUNT + 1; phase++) {
    const list = bars.byStyle[phase]!
    if (list.length === 0) continue
    pen.beginPath()
    for (let i = 0; i < list.length; i += 4) pen.rect(list[i]!, list[i + 1]!, list[i + 2]!, list[i + 3]!)
    for (const [x, y, h] of bars.openEnds[phase] ?? []) {
      // An open end: the bar runs out in a point.
      pen.moveTo(x, y)
      pen.lineTo(x + Math.min(6, h), y + h / 2)
      pen.lineTo(x, y + h)
      pen.closePath()
    }
    pen.fillStyle =
      phase < PHASE_COUNT ? palette.phases[phase]! : phase === PHASE_COUNT ? palette.failed : palette.cancelled
    pen.globalAlpha = toneOf(frame, phase)
    pen.fill()
    pen.globalAlpha = 1
  }
  paintHatch(pen, bars.cold, palette)
  paintCrosses(pen, bars.crosses, palette)
}

interface Bars {
  /** For each phase, then failed, then cancelled: x, y, width, height, one after the other. */
  byStyle: number[][]
  openEnds: [number, number, number][][]
  cold: number[]
  crosses: number[]
}

const FAILED_STYLE = PHASE_COUNT
const CANCELLED_STYLE = PHASE_COUNT + 1

/** Sorts the visible stretches of all picked rows into their styles, without an object for each. */
function collectBars({ model, picked, scale, now, calm }: Frame): Bars {
  const bars: Bars = {
    byStyle: Array.from({ length: PHASE_COUNT + 2 }, () => []),
    openEnds: Array.from({ length: PHASE_COUNT + 2 }, () => []),
    cold: [],
    crosses: [],
  }
  const bounds = model.bounds.data
  const perMs = scale.width / (scale.to - scale.from)
  for (let i = 0; i < picked.count; i++) {
    const row = picked.rows[i]!
    const y = picked.y[i]!
    const h = picked.heights[i]!
    const state = model.state.data[row]!
    const settled = state >= S.done
    const base = row * WIDTH
    let phase = -1
    let from = Number.NaN
    const add = (to: number, open: boolean) => {
      const x0 = (from - scale.from) * perMs
      const x1 = (to - scale.from) * perMs
      if (x1 < 0 || x0 > scale.width || (calm && !WORKING[phase])) return
      const left = Math.max(-8, x0)
      const right = Math.min(scale.width + 8, x1)
      const bad = settled && state !== S.done && phase === B.started
      const style = bad ? (state === S.failed ? FAILED_STYLE : CANCELLED_STYLE) : phase
      const barHeight = WORKING[phase] ? h : thinOf(h)
      const top = y + (h - barHeight) / 2
      // A bar is at least half a pixel wide, or short calls would vanish when zoomed out.
      bars.byStyle[style]!.push(left, top, Math.max(0.5, right - left), barHeight)
      if (open && h >= ROOMY) bars.openEnds[style]!.push([right, top, barHeight])
      if (phase === B.setup && h >= ROOMY && model.cold.data[row] === 1 && right - left >= 3) {
        bars.cold.push(left, top, right - left, barHeight)
      }
    }
    for (let b = 0; b < WIDTH; b++) {
      const at = bounds[base + b]!
      if (Number.isNaN(at)) continue
      if (phase >= 0) add(at, false)
      phase = b
      from = at
    }
    if (phase >= 0 && phase < B.stored && !settled) add(now, true)
    if (state === S.failed) {
      const end = bounds[base + B.ended]!
      bars.crosses.push(((!Number.isNaN(end) ? end : model.last.data[row]!) - scale.from) * perMs, y + h / 2, h)
    }
  }
  return bars
}

/** Attempts that failed and were followed by another: what they took, and a cross where they ended. */
function paintEarlier(pen: Pen, frame: Frame): void {
  const { model, picked, scale, palette, earlier } = frame
  if (earlier.size === 0) return
  const crosses: number[] = []
  const waits: number[] = []
  pen.beginPath()
  for (let i = 0; i < picked.count; i++) {
    const row = picked.rows[i]!
    const failures = earlier.get(row)
    if (!failures) continue
    const h = picked.heights[i]!
    const y = picked.y[i]!
    let waiting = model.first.data[row]!
    for (const { from, to, attempt } of failures) {
      if (attempt === model.attempt.data[row] && model.state.data[row]! >= S.done) continue
      const x = toX(scale, from)
      pen.rect(x, y, Math.max(0.5, toX(scale, to) - x), h)
      crosses.push(toX(scale, to), y + h / 2, h)
      waits.push(toX(scale, waiting), y + (h - thinOf(h)) / 2, Math.max(0, x - toX(scale, waiting)), thinOf(h))
      waiting = to
    }
  }
  pen.globalAlpha = 0.55
  pen.fillStyle = palette.failed
  pen.fill()
  pen.globalAlpha = toneOf(frame, B.submitted)
  pen.beginPath()
  for (let i = 0; i < waits.length && !frame.calm; i += 4)
    pen.rect(waits[i]!, waits[i + 1]!, waits[i + 2]!, waits[i + 3]!)
  pen.fillStyle = palette.phases[0]!
  pen.fill()
  pen.globalAlpha = 1
  paintCrosses(pen, crosses, palette)
}

/** Diagonal strokes over cold starts, all in one path. */
function paintHatch(pen: Pen, cold: number[], palette: Palette): void {
  if (cold.length === 0) return
  pen.save()
  pen.beginPath()
  for (let i = 0; i < cold.length; i += 4) pen.rect(cold[i]!, cold[i + 1]!, cold[i + 2]!, cold[i + 3]!)
  pen.clip()
  pen.beginPath()
  for (let i = 0; i < cold.length; i += 4) {
    const [x, y, w, h] = [cold[i]!, cold[i + 1]!, cold[i + 2]!, cold[i + 3]!]
    // Strokes start at fixed places of the canvas, so the hatch does not crawl while one pans.
    for (let at = Math.floor((x - h) / 5) * 5; at < x + w; at += 5) {
      pen.moveTo(at, y + h)
      pen.lineTo(at + h, y)
    }
  }
  pen.strokeStyle = palette.surface
  pen.lineWidth = 1.25
  pen.stroke()
  pen.restore()
}

/** Crosses at x, y for rows of height h, on a patch of surface so that they show on any bar. */
function paintCrosses(pen: Pen, crosses: number[], palette: Palette): void {
  if (crosses.length === 0) return
  for (const [width, colour] of [
    [4, palette.surface],
    [1.75, palette.failed],
  ] as const) {
    pen.beginPath()
    for (let i = 0; i < crosses.length; i += 3) {
      const arm = Math.min(4.5, Math.max(2.5, crosses[i + 2]! / 2.5))
      const x = crosses[i]!
      const y = crosses[i + 1]!
      pen.moveTo(x - arm, y - arm)
      pen.lineTo(x + arm, y + arm)
      pen.moveTo(x + arm, y - arm)
      pen.lineTo(x - arm, y + arm)
    }
    pen.strokeStyle = colour
    pen.lineWidth = width
    pen.stroke()
  }
}

function paintNow(pen: Pen, x: number, height: number, palette: Palette): void {
  pen.globalAlpha = 0.7
  pen.fillStyle = palette.accent
  pen.fillRect(Math.round(x), 0, 1, height)
  pen.globalAlpha = 1
}

/** Time axis and vertical grid. Labels count from the start of the run. */
function paintAxis(pen: Pen, { scale, height, palette, model }: Frame): void {
  const { step, offsets } = ticks(scale, model.start, Math.max(2, Math.floor(scale.width / 90)))
  pen.fillStyle = palette.grid
  for (const offset of offsets) pen.fillRect(Math.round(toX(scale, model.start + offset)), AXIS - 5, 1, height + 5)
  pen.fillStyle = palette.line
  pen.fillRect(0, AXIS - 1, scale.width, 1)
  pen.fillStyle = palette.faint
  pen.font = `11px ${palette.font}`
  pen.textBaseline = 'middle'
  pen.textAlign = 'left'
  for (const offset of offsets) {
    const x = toX(scale, model.start + offset)
    if (x < scale.width - 34) pen.fillText(tickLabel(offset, step), x + 4, AXIS / 2)
  }
}

/** Failed attempts by call, for `Frame.earlier`. */
export function failuresByCall(model: RunModel): Map<number, Failure[]> {
  const byCall = new Map<number, Failure[]>()
  for (const failure of model.failures) {
    const list = byCall.get(failure.call)
    if (list) list.push(failure)
    else byCall.set(failure.call, [failure])
  }
  return byCall
}
