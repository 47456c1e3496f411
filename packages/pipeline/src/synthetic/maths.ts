/**
 * exp, log and sine from additions, multiplications and divisions alone, so that every engine gives the same last bit: those of `Math`
 * differ between versions of V8, and a seed must give the same bytes everywhere. Good to about 1e-15 relative (sine: absolute).
 */

const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const SMALLEST = -1022
const LARGEST = 1023

/** 2^k by doubling and halving, which is exact. */
const POWERS = new Float64Array(LARGEST - SMALLEST + 1)
POWERS[-SMALLEST] = 1
for (let k = 1; k <= LARGEST; k++) POWERS[k - SMALLEST] = 2 * POWERS[k - 1 - SMALLEST]
for (let k = -1; k >= SMALLEST; k--) POWERS[k - SMALLEST] = POWERS[k + 1 - SMALLEST] / 2

/** e^x; 0 below -708, infinite above 709. */
export function exp(x: number): number {
  if (x < -708) return 0
  if (x > 709) return Number.POSITIVE_INFINITY
  const k = Math.round(x / (LN2_HIGH + LN2_LOW))
  const r = x - k * LN2_HIGH - k * LN2_LOW
  // Taylor: |r| ≤ ln 2 / 2, so the term of degree 13 is below 2e-16.
  let sum = 1
  for (let n = 13; n >= 1; n--) sum = 1 + (r / n) * sum
  return sum * POWERS[k - SMALLEST]
}

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/** Natural logarithm of a positive, normal number. */
export function log(x: number): number {
  double[0] = x
  let exponent = (words[1] >>> 20) - 1023
  words[1] = (words[1] & 0xfffff) | 0x3ff00000
  let mantissa = double[0]
  if (mantissa > Math.SQRT2) {
    mantissa /= 2
    exponent++
  }
  // log m = 2 artanh((m − 1) / (m + 1)).
  const s = (mantissa - 1) / (mantissa + 1)
  const z = s * s
  let sum = 0
  for (let n = 21; n >= 3; n -= 2) sum = z * (1 / n + sum)
  return 2 * s * (1 + sum) + exponent * LN2_HIGH + exponent * LN2_LOW
}

/** Sine of a moderate angle (below about 1e6). */
export function sin(x: number): number {
  let r = x - 2 * Math.PI * Math.round(x / (2 * Math.PI))
  if (r > Math.PI / 2) r = Math.PI - r
  else if (r < -Math.PI / 2) r = -Math.PI - r
  const z = r * r
  let sum = 1
  for (let n = 20; n >= 2; n -= 2) sum = 1 - (z / (n * (n + 1))) * sum
  return r * sum
}
