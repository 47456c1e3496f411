/**
 * Random numbers by counter: the n-th number of a stream is a hash of (seed, stream, n), so every pixel has its own stream and
 * may be made in any order, or alone. The same bits in every engine. Not for cryptography.
 */
import { exp, log } from './maths.js'

function mix(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return x ^ (x >>> 15)
}

/** Hash of whole numbers to 32 bits. */
export function hash(...keys: number[]): number {
  let h = 0x9e3779b9
  for (const key of keys) {
    h = mix(Math.imul(h, 31) ^ mix(key + 0x7f4a7c15))
    const high = Math.floor(key / 2 ** 32)
    if (high !== 0 && high !== -1) h = mix(h ^ mix(high))
  }
  return h >>> 0
}

/** Number `counter` of the stream `key`: 0 < x < 1. */
export function uniformAt(key: number, counter: number): number {
  return ((mix(mix(Math.imul(counter + 1, 0x9e3779b9) ^ key) + key) >>> 0) + 0.5) / 2 ** 32
}

/** As `uniformAt`, standard normal. */
export function normalAt(key: number, counter: number): number {
  return normalQuantile(uniformAt(key, counter))
}

/**
 * The value below which a standard normal lies with probability p. Peter Acklam's rational approximation (2003), relative error
 * 1.15e-9; 95 % of the calls need neither logarithm nor root.
 */
export function normalQuantile(p: number): number {
  if (p < 0.02425) return tail(Math.sqrt(-2 * log(p)))
  if (p > 0.97575) return -tail(Math.sqrt(-2 * log(1 - p)))
  const q = p - 0.5
  const r = q * q
  const above =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
    2.506628277459239
  const below =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
    1
  return (q * above) / below
}

function tail(q: number): number {
  const above =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
      4.374664141464968) *
      q +
    2.938163982698783
  const below =
    (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1
  return above / below
}

export class Random {
  private readonly key: number
  private counter = 0

  constructor(...keys: number[]) {
    this.key = hash(...keys)
  }

  /** 0 < x < 1. */
  uniform(): number {
    return uniformAt(this.key, this.counter++)
  }

  /** Between two numbers. */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  /** Equal ratios are equally likely. */
  logUniform(low: number, high: number): number {
    return low * exp(log(high / low) * this.uniform())
  }

  /** Whole number below n. */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** Standard normal. */
  normal(): number {
    return normalQuantile(this.uniform())
  }

  /** exp of a normal with this σ. */
  logNormal(sigma: number): number {
    return exp(sigma * this.normal())
  }

  /** Knuth's method; for small means. */
  poisson(mean: number): number {
    const limit = exp(-mean)
    let n = 0
    for (let product = this.uniform(); product > limit; product *= this.uniform()) n++
    return n
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]
  }

  /** The items in random order. */
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items]
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = out[i]
      out[i] = out[j]
      out[j] = kept
    }
    return out
  }
}

/** Smooth noise in 0 … 1: random values on a lattice of `scale` pixels, two octaves, eased between lattice points. */
export function smoothNoise(seed: number, x: number, y: number, scale: number): number {
  return (2 * lattice(seed, x / scale, y / scale) + lattice(seed + 1, (2 * x) / scale, (2 * y) / scale)) / 3
}

function lattice(seed: number, x: number, y: number): number {
  const x0 = Math.floor(x)
  const y0 = Math.floor(y)
  const u = eased(x - x0)
  const v = eased(y - y0)
  return (
    (corner(seed, x0, y0) * (1 - u) + corner(seed, x0 + 1, y0) * u) * (1 - v) +
    (corner(seed, x0, y0 + 1) * (1 - u) + corner(seed, x0 + 1, y0 + 1) * u) * v
  )
}

const eased = (t: number) => t * t * (3 - 2 * t)
const corner = (seed: number, i: number, j: number) => hash(seed, i, j) / 2 ** 32
