/** The section: an outline of warped ellipses, layers and nuclei inside it, vessels and spots; and what of it was sampled. */
import { Random, smoothNoise } from './random.js'

/** Where a substance may sit in the section. */
export const PATTERNS = [
  'whole',
  'cortex',
  'core',
  'nucleus',
  'lobe',
  'border',
  'vessels',
  'spots',
  'gradient',
  'patches',
] as const
export type Pattern = (typeof PATTERNS)[number] | 'matrix'

export interface Tissue {
  width: number
  height: number
  /** Pixels with a spectrum, in the order of acquisition (row-major): the tissue and a margin around it. */
  sampled: Uint32Array
  /** Local concentration 0 … about 1 by pixel. `matrix` is what is strong beside the tissue. */
  patterns: Record<Pattern, Float32Array>
  /** Sensitivity by pixel: drift along the rows, pixel-to-pixel variation, a few dead rows. */
  gain: Float32Array
}

const step = (edge: number, width: number, x: number) => 1 / (1 + Math.exp(-(x - edge) / width))

/** Draws the section for a seed; the shape scales with the box. */
export function drawTissue(width: number, height: number, seed: number): Tissue {
  const n = width * height
  const random = new Random(seed, 1)
  const size = Math.min(width, height)
  const patterns = Object.fromEntries(
    [...PATTERNS, 'matrix' as const].map((name) => [name, new Float32Array(n)]),
  ) as Tissue['patterns']
  const lobes = [
    { x: 0.36, y: 0.46, rx: 0.3, ry: 0.36 },
    { x: 0.64, y: 0.46, rx: 0.3, ry: 0.36 },
    { x: 0.5, y: 0.68, rx: 0.26, ry: 0.24 },
  ]
  const nuclei = [0.38, 0.62].map((x) => ({
    x: x + random.between(-0.03, 0.03),
    y: random.between(0.45, 0.55),
    r: random.between(0.07, 0.1),
  }))
  const spots = Array.from({ length: 7 }, () => ({
    x: random.between(0.2, 0.8),
    y: random.between(0.2, 0.75),
    r: random.between(0.03, 0.06),
  }))
  const vessels = Array.from({ length: 4 }, () => ({
    x: random.between(0.25, 0.75),
    bend: random.between(-0.2, 0.2),
    phase: random.between(0, 6),
  }))
  const sampled: number[] = []
  const gain = new Float32Array(n)
  for (let py = 0; py < height; py++) {
    const deadRow = new Random(seed, 2, py).uniform() < 0.015 ? 0.25 : 1
    const rowGain = deadRow * (1 + 0.25 * Math.sin((2 * Math.PI * py) / height + 1) * 0.6)
    for (let px = 0; px < width; px++) {
      const p = py * width + px
      const warp = 0.09 * (smoothNoise(seed, px, py, size / 5) - 0.5)
      const x = (px + 0.5) / width + warp
      const y = (py + 0.5) / height + 0.09 * (smoothNoise(seed + 7, px, py, size / 5) - 0.5)
      // Depth is 1 in the middle of a lobe, 0 at the outline, negative outside.
      let depth = -1
      for (const lobe of lobes) depth = Math.max(depth, 1 - Math.hypot((x - lobe.x) / lobe.rx, (y - lobe.y) / lobe.ry))
      if (depth > -0.16) sampled.push(p)
      const inside = step(0, 0.02, depth)
      const texture = 0.75 + 0.5 * smoothNoise(seed + 11, px, py, size / 12)
      const set = (name: Pattern, value: number) => {
        patterns[name][p] = Math.max(0, value) * texture
      }
      const cortex = inside * (1 - step(0.34, 0.03, depth))
      set('whole', inside * (0.6 + 0.4 * smoothNoise(seed + 13, px, py, size / 4)))
      set('cortex', cortex)
      set('core', step(0.42, 0.03, depth))
      set('border', inside * Math.exp(-(((depth - 0.38) / 0.07) ** 2)))
      set(
        'nucleus',
        inside * Math.max(...nuclei.map((k) => step(0, 0.08, 1 - Math.hypot(x - k.x, (y - k.y) * 0.8) / k.r))),
      )
      set('lobe', inside * step(0.6, 0.04, y))
      set(
        'vessels',
        inside *
          Math.max(
            ...vessels.map((v) =>
              Math.exp(-(((x - v.x - v.bend * (y - 0.5) - 0.02 * Math.sin(9 * y + v.phase)) / 0.018) ** 2)),
            ),
          ),
      )
      set('spots', inside * Math.max(...spots.map((s) => Math.exp(-(((x - s.x) ** 2 + (y - s.y) ** 2) / s.r ** 2)))))
      set('gradient', inside * (0.1 + 0.9 * x))
      set('patches', inside * step(0.56, 0.05, smoothNoise(seed + 17, px, py, size / 6)))
      patterns.matrix[p] = 0.25 + 0.75 * (1 - inside)
      gain[p] = rowGain * new Random(seed, 3, p).logNormal(0.2)
    }
  }
  return { width, height, sampled: Uint32Array.from(sampled), patterns, gain }
}
