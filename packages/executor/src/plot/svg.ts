/** Bits of SVG that both plots share: frame, axes, colours. Pure strings, light and dark by the reader's preference. */
import { PHASES } from '../events.js'

/** Colours of the phases, in order; at least 3:1 against the background of their theme. */
const LIGHT = ['#8a94a6', '#5b6b85', '#b45309', '#0e7490', '#2563eb', '#7c3aed', '#475569']
const DARK = ['#7b8798', '#93a4bd', '#f59e0b', '#22b8cf', '#5b8def', '#a78bfa', '#cbd5e1']

export const WIDTH = 960
export const LEFT = 64
export const RIGHT = 24

export function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** A whole picture. `label` is what a screen reader says of it. */
export function picture(height: number, label: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(label)}">
<style>${style()}</style><rect class="bg" width="${WIDTH}" height="${height}"/>
${body}
</svg>
`
}

function style(): string {
  const theme = (phases: string[], ink: string, faint: string, grid: string, paper: string, failed: string) =>
    [
      `.bg{fill:${paper}}text{fill:${ink};font:12px system-ui,sans-serif}.t{font-size:15px;font-weight:600}.f{fill:${faint}}`,
      `.g{stroke:${grid};fill:none}.x{stroke:${failed};stroke-width:1.5;fill:none}`,
      // Most of a long run is waiting: it must not outshine the work.
      '.w{opacity:.3}',
      ...PHASES.map((_, i) => `.p${i}{fill:${phases[i]}}`),
    ].join('')
  return `${theme(LIGHT, '#18181b', '#52525b', '#e4e4e7', '#ffffff', '#dc2626')}@media(prefers-color-scheme:dark){${theme(DARK, '#fafafa', '#a1a1aa', '#3f3f46', '#18181b', '#f87171')}}`
}

/** Round numbers from 0 to at most `max`, about `count` of them. */
export function ticks(max: number, count: number): number[] {
  if (!(max > 0)) return [0]
  const rough = max / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  const all: number[] = []
  for (let i = 0; i * step <= max * (1 + 1e-9); i++) all.push(i * step)
  return all
}

/** Vertical lines and labels of a time axis; `span` in milliseconds over the width between the margins. */
export function timeAxis(span: number, top: number, bottom: number): string {
  const seconds = span / 1000
  return ticks(seconds, 8)
    .map((tick) => {
      const x = fixed(LEFT + (tick / seconds || 0) * (WIDTH - LEFT - RIGHT))
      return `<path class="g" d="M${x} ${top}V${bottom}"/><text class="f" x="${x}" y="${bottom + 18}" text-anchor="middle">${short(tick)} s</text>`
    })
    .join('')
}

/** Horizontal lines and labels of a counting axis up to `max`. */
export function countAxis(max: number, top: number, bottom: number): string {
  return ticks(max, 5)
    .filter(Number.isInteger)
    .map((tick) => {
      const y = fixed(bottom - (tick / max) * (bottom - top))
      return `<path class="g" d="M${LEFT} ${y}H${WIDTH - RIGHT}"/><text class="f" x="${LEFT - 8}" y="${fixed(y + 4)}" text-anchor="end">${tick}</text>`
    })
    .join('')
}

export function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}

export function fixed(value: number): number {
  return Math.round(value * 10) / 10
}
