/**
 * Random numbers by counter: the n-th number of a stream is a hash of (seed, stream, n), so every pixel has its own stream and
 * may be made in any order, or alone. Not for cryptography.
 */

function mix(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
  return x ^ (x >>> 15)
}

/** Hash of whole numbers to 32 bits. */
export function hash(...keys: number[]): number {
  let h = 0x9e3779b9
  for (const key of keys) h = mix(Math.imul(h, 31) ^ mix(key + 0x7f4a7c15))
  return h >>> 0
}

export class Random {
  private readonly key: number
  private counter = 0

  constructor(...keys: number[]) {
    this.key = hash(...keys)
  }

  /** 0 ≤ x < 1. */
  uniform(): number {
    this.counter = (this.counter + 0x9e3779b9) | 0
    return (mix(mix(this.counter ^ this.key) + this.key) >>> 0) / 2 ** 32
  }

  /** Between two numbers. */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform()
  }

  /** Equal ratios are equally likely. */
  logUniform(low: number, high: number): number {
    return low * (high / low) ** this.uniform()
  }

  /** Whole number below n. */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** Standard normal (Box and Muller 1958, the cosine branch). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }

  /** exp of a normal with this σ. */
  logNormal(sigma: number): number {
    return Math.exp(sigma * this.normal())
  }

  /** Knuth's method; for small means. */
  poisson(mean: number): number {
    const limit = Math.exp(-mean)
    let n = 0
    for (let product = this.uniform(); product > limit; product *= this.uniform()) n++
    return n
  }

  /** The items in random order. */
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items]
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = out[i] as T
      out[i] = out[j] as T
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
  const ease = (t: number) => t * t * (3 - 2 * t)
  const u = ease(x - x0)
  const v = ease(y - y0)
  const at = (i: number, j: number) => hash(seed, x0 + i, y0 + j) / 2 ** 32
  return (at(0, 0) * (1 - u) + at(1, 0) * u) * (1 - v) + (at(0, 1) * (1 - u) + at(1, 1) * u) * v
}
