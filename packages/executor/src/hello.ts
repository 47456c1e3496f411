/** The function of `mayfly hello`. */

/**
 * Counts how many of `points` random points of the unit square lie in the quarter circle; four times their share tends to
 * π. The generator is mulberry32, seeded, so that the same seed gives the same count anywhere.
 */
export function estimatePi(seed: number): { inside: number; points: number } {
  const points = 1_000_000
  let state = seed >>> 0
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  let inside = 0
  for (let i = 0; i < points; i++) {
    const [x, y] = [random(), random()]
    if (x * x + y * y < 1) inside++
  }
  return { inside, points }
}
