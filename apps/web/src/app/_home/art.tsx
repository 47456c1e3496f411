/** Small drawings of what each card opens; drawn from rules, so that they are the same at every visit. */

const LANES = 9

/** A fan of calls on a timeline: short bars on few lanes, the last still running. */
export function MapArt() {
  const bars = []
  let seed = 7
  for (let lane = 0; lane < LANES; lane += 1) {
    let x = 16 + lane * 4
    while (x < 270) {
      seed = (seed * 137 + 29) % 211
      const width = 14 + (seed % 26)
      const setup = x < 60 ? 7 : 0
      bars.push(
        <g key={`${lane}-${x}`} opacity={0.9 - (x / 300) * 0.25}>
          {setup > 0 && (
            <rect x={x} y={16 + lane * 9} width={setup} height="6" rx="1.5" fill="var(--warn)" opacity=".8" />
          )}
          <rect x={x + setup} y={16 + lane * 9} width={width} height="6" rx="1.5" fill="var(--accent)" />
        </g>,
      )
      x += width + setup + 3
    }
  }
  return <Art>{bars}</Art>
}

const RAMP = ['#2a1a4a', '#4b2a78', '#7b3a8c', '#b44a80', '#e0666a', '#f59460', '#fcd083']
const PIXEL = 7
const WIDE = 22
const HIGH = 13

/** An ion image: a round section of tissue with a bright core. */
export function TissueArt() {
  const pixels = []
  for (let y = 0; y < HIGH; y += 1) {
    for (let x = 0; x < WIDE; x += 1) {
      const level = intensity(x / (WIDE - 1), y / (HIGH - 1), (x * 7 + y * 13) % 5)
      if (level >= 0) {
        pixels.push(
          <rect
            key={`${x}-${y}`}
            x={28 + x * PIXEL}
            y={10 + y * PIXEL}
            width={PIXEL - 0.6}
            height={PIXEL - 0.6}
            fill={RAMP[level]}
          />,
        )
      }
    }
  }
  const peaks = [8, 22, 13, 46, 17, 70, 30, 58, 11, 24, 40, 9]
  return (
    <Art>
      {pixels}
      {peaks.map((height, i) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: a fixed drawing
          key={i}
          x={204 + i * 6}
          y={100 - height}
          width="1.6"
          height={height}
          fill="var(--accent)"
        />
      ))}
      <path d="M200 100.5h76" stroke="var(--line-strong)" />
    </Art>
  )
}

/** An empty cell with its caret. */
export function BlankArt() {
  return (
    <Art>
      <rect
        x="28"
        y="26"
        width="244"
        height="34"
        rx="6"
        fill="var(--surface)"
        stroke="var(--accent)"
        strokeWidth="1.5"
      />
      <path d="M44 36v14" stroke="var(--accent)" strokeWidth="2" strokeLinecap="round" />
      <rect
        x="28"
        y="70"
        width="244"
        height="22"
        rx="6"
        fill="none"
        stroke="var(--line-strong)"
        strokeDasharray="4 4"
      />
    </Art>
  )
}

function Art({ children }: { children: React.ReactNode }) {
  return (
    <svg viewBox="0 0 300 112" className="block w-full bg-sunken" aria-hidden="true" focusable="false">
      {children}
    </svg>
  )
}

function intensity(x: number, y: number, noise: number): number {
  const dx = (x - 0.48) / 0.5
  const dy = (y - 0.5) / 0.5
  const r = dx * dx + dy * dy * (1 + 0.35 * dx)
  if (r > 1) return -1
  const core = Math.exp(-(((x - 0.36) / 0.16) ** 2 + ((y - 0.42) / 0.22) ** 2))
  const rim = Math.exp(-(((r - 0.72) / 0.18) ** 2)) * 0.45
  return Math.min(RAMP.length - 1, Math.floor((core + rim) * 5.4 + noise * 0.28))
}
