/** Sorting by m/z: a radix sort of quantised keys, then what lies in one quantum by itself. Linear for spectra, safe for any input. */

/** Below this, insertion is quickest; so are ties of the quantised keys. */
const INSERTION_LIMIT = 24
/** Below this, a comparison sort costs less than clearing the histograms. */
const COMPARISON_LIMIT = 1024
/** 32-bit keys in three passes of eleven bits. */
const QUANTA = 2 ** 32 - 1
const DIGIT = 2 ** 11
/** How often the keys in one quantum are quantised anew before they are compared. */
const MAX_DEPTH = 8

type Keys = Float64Array | Float32Array

/** The order that sorts `keys` ascending (stable: equal keys keep their order). Keys must be finite. */
export function sortedOrder(keys: Keys): Uint32Array {
  const n = keys.length
  const order = new Uint32Array(n)
  let sorted = true
  for (let i = 0; i < n; i++) {
    order[i] = i
    if (i > 0 && (keys[i] as number) < (keys[i - 1] as number)) sorted = false
  }
  if (!sorted) sortRange(order, keys, 0)
  return order
}

/** Sorts rows by their keys. `order` ascends where keys are equal, and does so afterwards. */
function sortRange(order: Uint32Array, keys: Keys, depth: number): void {
  const n = order.length
  if (n <= INSERTION_LIMIT) {
    insertionSort(order, keys, 0, n)
    return
  }
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let i = 0; i < n; i++) {
    const key = keys[order[i] as number] as number
    if (key < low) low = key
    if (key > high) high = key
  }
  if (low === high) return
  const scale = QUANTA / (high - low)
  if (n < COMPARISON_LIMIT || depth >= MAX_DEPTH || !Number.isFinite(scale)) {
    order.sort((a, b) => (keys[a] as number) - (keys[b] as number) || a - b)
    return
  }
  const quantised = new Uint32Array(n)
  for (let i = 0; i < n; i++) quantised[i] = ((keys[order[i] as number] as number) - low) * scale
  radixSort(order, quantised)
  for (let from = 0; from < n; ) {
    let to = from + 1
    while (to < n && quantised[to] === quantised[from]) to++
    if (to - from > INSERTION_LIMIT) sortRange(order.subarray(from, to), keys, depth + 1)
    else if (to - from > 1) insertionSort(order, keys, from, to)
    from = to
  }
}

/** Sorts both columns by `keys`, stable: from the lowest digit to the highest. */
function radixSort(order: Uint32Array, keys: Uint32Array): void {
  const n = order.length
  const counts = [0, 1, 2].map(() => new Uint32Array(DIGIT))
  const [first, second, third] = counts as [Uint32Array, Uint32Array, Uint32Array]
  for (let i = 0; i < n; i++) {
    const key = keys[i] as number
    first[key & 2047]!++
    second[(key >>> 11) & 2047]!++
    third[key >>> 22]!++
  }
  let from: Pair = [order, keys]
  let to: Pair = [new Uint32Array(n), new Uint32Array(n)]
  for (const [digit, starts] of counts.entries()) {
    toStarts(starts)
    scatter(from, to, starts, 11 * digit)
    const last = from
    from = to
    to = last
  }
  // Three passes end in the second pair.
  order.set(from[0])
  keys.set(from[1])
}

function toStarts(counts: Uint32Array): void {
  let sum = 0
  for (let d = 0; d < counts.length; d++) {
    const count = counts[d] as number
    counts[d] = sum
    sum += count
  }
}

type Pair = readonly [order: Uint32Array, keys: Uint32Array]

function scatter([order, keys]: Pair, [toOrder, toKeys]: Pair, next: Uint32Array, shift: number): void {
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as number
    const at = next[(key >>> shift) & 2047]!++
    toKeys[at] = key
    toOrder[at] = order[i] as number
  }
}

function insertionSort(order: Uint32Array, keys: Keys, from: number, to: number): void {
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
