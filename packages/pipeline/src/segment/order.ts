/** Sorting by m/z: one pass of buckets, then each bucket by itself. Close to linear for spectra, safe for any input. */

const INSERTION_LIMIT = 48

/**
 * The order that sorts `keys` ascending (stable: equal keys keep their order). Keys must be finite.
 * Buckets are equal slices of the range of the keys, about two keys each; crowded buckets are sorted by comparison.
 */
export function sortedOrder(keys: Float64Array | Float32Array): Uint32Array {
  const n = keys.length
  const order = new Uint32Array(n)
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let sorted = true
  let previous = Number.NEGATIVE_INFINITY
  for (let i = 0; i < n; i++) {
    const key = keys[i] as number
    if (key < low) low = key
    if (key > high) high = key
    if (key < previous) sorted = false
    previous = key
  }
  if (sorted || !(high > low)) {
    for (let i = 0; i < n; i++) order[i] = i
    return order
  }
  const buckets = Math.max(1, Math.min(1 << 22, n >> 1))
  const scale = (buckets * (1 - 1e-12)) / (high - low)
  const starts = new Uint32Array(buckets + 1)
  const bucketOf = new Uint32Array(n)
  for (let i = 0; i < n; i++) {
    const b = Math.min(buckets - 1, Math.floor(((keys[i] as number) - low) * scale))
    bucketOf[i] = b
    starts[b + 1] = (starts[b + 1] as number) + 1
  }
  for (let b = 0; b < buckets; b++) starts[b + 1] = (starts[b + 1] as number) + (starts[b] as number)
  const next = starts.slice(0, buckets)
  for (let i = 0; i < n; i++) {
    const b = bucketOf[i] as number
    order[next[b] as number] = i
    next[b] = (next[b] as number) + 1
  }
  for (let b = 0; b < buckets; b++) sortBucket(order, keys, starts[b] as number, starts[b + 1] as number)
  return order
}

function sortBucket(order: Uint32Array, keys: Float64Array | Float32Array, from: number, to: number): void {
  if (to - from < 2) return
  if (to - from > INSERTION_LIMIT) {
    order.subarray(from, to).sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b)
    return
  }
  for (let i = from + 1; i < to; i++) {
    const item = order[i] as number
    const key = keys[item] as number
    let j = i - 1
    while (j >= from && (keys[order[j] as number] as number) > key) {
      order[j + 1] = order[j] as number
      j--
    }
    order[j + 1] = item
  }
}
