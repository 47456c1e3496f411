/**
 * The section: an outline of warped ellipses; layers, nuclei, vessels and spots inside it; what of it was sampled, and how well. A
 * function of the pixel, so that sections of any size need no memory.
 */
import { exp, sin } from './maths.js'
import { hash, normalAt, Random, smoothNoise, uniformAt } from './random.js'

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
/** `hot` are specks of a few pixels; `matrix` is what is strong beside the tissue. */
export const REGIONS = [...PATTERNS, 'hot', 'matrix'] as const
export type Pattern = (typeof PATTERNS)[number]
export type Region = (typeof REGIONS)[number]

/** Parts of a substance's concentration, such as 1 × cortex + 0.5 × vessels. */
export type Weights = readonly (readonly [region: Region, weight: number])[]

export interface Tissue {
  width: number
  height: number
  /** Whether the pixel (from 0) has a spectrum: the tissue and a margin around it are sampled. */
  isSampled(x: number, y: number): boolean
  /** Local concentrations 0 … about 1, in the order of `REGIONS`, into `out`. */
  concentrations(x: number, y: number, out: Float64Array): void
  /** Sensitivity: matrix coverage that drifts along the rows, pixel-to-pixel variation, a few dead rows. */
  gain(x: number, y: number): number
  /** Share of sodium among the alkali ions, 0.2 … 0.8: blood and cells differ. */
  sodium(x: number, y: number): number
}

const step = (edge: number, width: number, x: number) => 1 / (1 + exp(-(x - edge) / width))
const bell = (x: number) => exp(-x * x)

/** Draws the section for a seed; the shape scales with the box. */
export function drawTissue(width: number, height: number, seed: number): Tissue {
  const random = new Random(seed, 1)
  const size = Math.min(width, height)
  const near = (value: number, by: number) => random.between(value - by, value + by)
  const lobe = (x: number, y: number, rx: number, ry: number) => ({
    ...{ x: near(x, 0.015), y: near(y, 0.015) },
    ...{ rx: near(rx, 0.02), ry: near(ry, 0.02) },
  })
  const lobes = [lobe(0.36, 0.46, 0.3, 0.36), lobe(0.64, 0.46, 0.3, 0.36)]
  if (random.uniform() < 0.8) lobes.push(lobe(0.5, 0.68, 0.26, 0.24))
  if (random.uniform() < 0.4) lobes.push(lobe(0.5, 0.26, 0.2, 0.16))
  const nuclei = [0.38, 0.62].map((x) => ({
    x: near(x, 0.03),
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
  const drift = random.between(0, 2 * Math.PI)
  const pixelKey = hash(seed, 3)
  const noise = (layer: number, px: number, py: number, scale: number) =>
    smoothNoise(hash(seed, 5, layer), px, py, scale)

  const bent = (layer: number, px: number, py: number) => 0.09 * (noise(layer, px, py, size / 5) - 0.5)
  const placeOf = (px: number, py: number) => {
    const x = (px + 0.5) / width + bent(0, px, py)
    const y = (py + 0.5) / height + bent(7, px, py)
    // Depth is 1 in the middle of a lobe, 0 at the outline, negative outside.
    let depth = -1
    for (const { x: cx, y: cy, rx, ry } of lobes) {
      const dx = (x - cx) / rx
      const dy = (y - cy) / ry
      depth = Math.max(depth, 1 - Math.sqrt(dx * dx + dy * dy))
    }
    return { x, y, depth }
  }

  return {
    width,
    height,
    isSampled: (px, py) => placeOf(px, py).depth > -0.16,
    concentrations(px, py, out) {
      const { x, y, depth } = placeOf(px, py)
      const inside = step(0, 0.02, depth)
      const texture = 0.75 + 0.5 * noise(11, px, py, size / 12)
      let nucleus = 0
      for (const k of nuclei) {
        const dy = (y - k.y) * 0.8
        nucleus = Math.max(nucleus, step(0, 0.08, 1 - Math.sqrt((x - k.x) * (x - k.x) + dy * dy) / k.r))
      }
      let vessel = 0
      for (const { x: at, bend, phase } of vessels)
        vessel = Math.max(vessel, bell((x - at - bend * (y - 0.5) - 0.02 * sin(9 * y + phase)) / 0.018))
      let spot = 0
      for (const { x: cx, y: cy, r } of spots) spot = Math.max(spot, bell((x - cx) / r) * bell((y - cy) / r))
      const speck = hash(seed, 4, px >> 1, py >> 1) / 2 ** 32
      const values: Record<Region, number> = {
        whole: texture * inside * (0.6 + 0.4 * noise(13, px, py, size / 4)),
        cortex: texture * inside * (1 - step(0.34, 0.03, depth)),
        core: texture * step(0.42, 0.03, depth),
        nucleus: texture * inside * nucleus,
        lobe: texture * inside * step(0.6, 0.04, y),
        border: texture * inside * bell((depth - 0.38) / 0.07),
        vessels: texture * inside * vessel,
        spots: texture * inside * spot,
        gradient: texture * inside * Math.max(0, 0.1 + 0.9 * x),
        patches: texture * inside * step(0.56, 0.05, noise(17, px, py, size / 6)),
        hot: speck < 0.01 ? inside * (1 + 600 * (0.01 - speck)) : 0,
        matrix: 0.25 + 0.75 * (1 - inside),
      }
      for (let r = 0; r < REGIONS.length; r++) out[r] = values[REGIONS[r]]
    },
    gain(px, py) {
      const dead = uniformAt(hash(seed, 2), py) < 0.015 ? 0.25 : 1
      const row = 1 + 0.15 * sin((2 * Math.PI * py) / height + drift)
      return dead * row * exp(0.25 * normalAt(pixelKey, py * width + px))
    },
    sodium: (px, py) => 0.2 + 0.6 * noise(19, px, py, size / 3),
  }
}
