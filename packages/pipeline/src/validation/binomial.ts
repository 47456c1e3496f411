/** Confidence intervals of proportions. Pure. */

/** log n! by its sum; the counts here are small. */
function logFactorials(n: number): Float64Array {
  const out = new Float64Array(n + 1)
  for (let k = 1; k <= n; k++) out[k] = out[k - 1] + Math.log(k)
  return out
}

/**
 * The exact interval of Clopper and Pearson (Biometrika 1934, 26, 404) for the probability of an event seen `k` times of `n`.
 * @param confidence default 0.95.
 * @returns low and high bound; 0 and 1 when n is 0.
 */
export function proportionInterval(k: number, n: number, confidence = 0.95): [low: number, high: number] {
  if (n === 0) return [0, 1]
  const logs = logFactorials(n)
  /** Probability of at most `most` events. */
  const cumulative = (most: number, p: number) => {
    let sum = 0
    for (let i = 0; i <= most; i++)
      sum += Math.exp(logs[n] - logs[i] - logs[n - i] + i * Math.log(p) + (n - i) * Math.log1p(-p))
    return sum
  }
  const half = (1 - confidence) / 2
  const low = k === 0 ? 0 : bisected((p) => 1 - cumulative(k - 1, p) < half)
  const high = k === n ? 1 : bisected((p) => cumulative(k, p) > half)
  return [low, high]
}

/** The p in 0 … 1 up to which `holds`. */
function bisected(holds: (p: number) => boolean): number {
  let low = 0
  let high = 1
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (holds(middle)) low = middle
    else high = middle
  }
  return (low + high) / 2
}
