/**
 * The Mersenne Twister MT19937 (Matsumoto and Nishimura, ACM TOMACS 1998, 8, 3), seeded and bounded as numpy's legacy
 * `RandomState` does: decoys of the reference pipelines depend on this very stream.
 */

const SIZE = 624
const SHIFT = 397

export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE)
  #next = SIZE

  /** @param seed whole number, 0 … 2³² − 1. */
  constructor(seed: number) {
    const state = this.#state
    state[0] = seed
    for (let i = 1; i < SIZE; i++) {
      const last = state[i - 1]
      state[i] = Math.imul(1812433253, last ^ (last >>> 30)) + i
    }
  }

  /** The next 32 random bits, 0 … 2³² − 1. */
  next32(): number {
    if (this.#next === SIZE) this.#twist()
    let y = this.#state[this.#next++]
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** Uniform over 0 … `max`, both included: bits masked to the next power of two, values above `max` thrown away. */
  bounded(max: number): number {
    if (max === 0) return 0
    const mask = 0xffffffff >>> Math.clz32(max)
    for (;;) {
      const value = (this.next32() & mask) >>> 0
      if (value <= max) return value
    }
  }

  #twist(): void {
    const state = this.#state
    for (let i = 0; i < SIZE; i++) {
      const y = (state[i] & 0x80000000) | (state[(i + 1) % SIZE] & 0x7fffffff)
      state[i] = state[(i + SHIFT) % SIZE] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#next = 0
  }
}
