/** What the plots share: frame, linear axes, colours for light and dark. Pure strings. */

/** Size of every plot in its own units, and the box the axes enclose. */
export const WIDTH = 720
export const HEIGHT = 320
export const BOX = { left: 64, right: WIDTH - 20, top: 56, bottom: HEIGHT - 60 }

/** Text as XML. */
export function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** A whole plot: `title` above the box, `label` for those who cannot see it. Colours follow the reader's preference. */
export function plot(title: string, label: string, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeXml(label)}">
<style>${STYLE}</style><rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>
<text class="title" x="${BOX.left}" y="22">${escapeXml(title)}</text>
${body}
</svg>
`
}

/** `a`: what was measured, `b`: theory or the second series; at least 3:1 against the paper of each theme. */
const theme = (ink: string, faint: string, grid: string, paper: string, a: string, b: string) =>
  [
    `.paper{fill:${paper}}text{fill:${ink};font:12px system-ui,sans-serif}.title{font-size:14px;font-weight:600}`,
    `.faint{fill:${faint}}.grid{stroke:${grid};fill:none}.axis{stroke:${faint};fill:none}`,
    `.a{stroke:${a};fill:none;stroke-width:1.6}.b{stroke:${b};fill:none;stroke-width:1.6}`,
    `.adot{fill:${a}}.bdot{fill:${paper};stroke:${b};stroke-width:1.8}.dash{stroke-dasharray:5 4}`,
  ].join('')
/** On a narrow page the whole plot shrinks: larger letters then, and every second number. */
const NARROW = '@media(max-width:480px){text{font-size:22px}.title{font-size:24px}.minor{display:none}}'
const STYLE = `${theme('#18181b', '#52525b', '#e4e4e7', '#ffffff', '#2563eb', '#c2410c')}@media(prefers-color-scheme:dark){${theme('#fafafa', '#a1a1aa', '#3f3f46', '#18181b', '#7aa5ff', '#fb923c')}}${NARROW}`

/** A linear scale from values to places; a range without extent is widened. */
export interface Scale {
  min: number
  max: number
  at(value: number): number
}

export function scale(min: number, max: number, from: number, to: number): Scale {
  const high = max > min ? max : min + 1
  return { min, max: high, at: (value) => fixed(from + ((value - min) / (high - min)) * (to - from)) }
}

/** Round numbers within `[min, max]`, about `count` of them. */
export function ticks(min: number, max: number, count: number): number[] {
  const power = 10 ** Math.floor(Math.log10((max - min) / count))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= (max - min) / count) ?? power
  const first = Math.ceil(min / step - 1e-9)
  const last = Math.floor(max / step + 1e-9)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step)
}

/** Grid, numbers and names of both axes. */
export function axes(x: Scale, y: Scale, names: { x: string; y: string }): string {
  const { left, right, bottom } = BOX
  const digits = (s: Scale) => Math.max(0, Math.min(6, 1 - Math.floor(Math.log10((s.max - s.min) / 5))))
  const text = (value: number, s: Scale) =>
    s.max >= 10_000 ? value.toExponential(1) : String(Number(value.toFixed(digits(s))))
  return [
    ...ticks(y.min, y.max, 5).map(
      (t, i) =>
        `<path class="grid" d="M${left} ${y.at(t)}H${right}"/><text class="faint${i % 2 ? ' minor' : ''}" x="${left - 8}" y="${fixed(y.at(t) + 4)}" text-anchor="end">${text(t, y)}</text>`,
    ),
    ...ticks(x.min, x.max, 6).map(
      (t, i) =>
        `<path class="axis" d="M${x.at(t)} ${bottom}v5"/><text class="faint${i % 2 ? ' minor' : ''}" x="${x.at(t)}" y="${bottom + 22}" text-anchor="middle">${text(t, x)}</text>`,
    ),
    `<path class="axis" d="M${left} ${bottom}H${right}"/>`,
    `<text class="faint" x="${(left + right) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escapeXml(names.x)}</text>`,
    `<text class="faint" x="${left}" y="46">${escapeXml(names.y)}</text>`,
  ].join('\n')
}

/** One decimal: a tenth of a pixel is finer than anyone sees. */
export function fixed(value: number): number {
  return Math.round(value * 10) / 10
}
