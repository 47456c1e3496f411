/** Wall clock with fractions of a millisecond that never goes back within a process. */
const origin = performance.timeOrigin

/** Milliseconds since the epoch. */
export function now(): number {
  return origin + performance.now()
}
