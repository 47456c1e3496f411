/** Wall clock with fractions of a millisecond that never goes back within a process. */
const origin = performance.timeOrigin

/** Milliseconds since the epoch, to a hundredth: what is finer is noise, and every digit is in the run log many times. */
export function now(): number {
  return Math.round((origin + performance.now()) * 100) / 100
}
