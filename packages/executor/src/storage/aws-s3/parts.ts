/** Cutting bodies into parts, and sending some of them at a time. */

const MB = 1024 * 1024

/** Bytes of part `number` (from 1): 5 MiB, the least S3 takes, doubled every thousand parts, so that ten thousand hold 5 TB. */
export function partSize(number: number): number {
  return 5 * MB * 2 ** Math.floor((number - 1) / 1000)
}

/** Parts of at most `sizes(number)` bytes, all full but the last; an empty source gives none. Never holds more than one. */
export async function* cut(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sizes: (number: number) => number = partSize,
): AsyncGenerator<Uint8Array> {
  let number = 1
  let [part, filled] = [new Uint8Array(0), 0]
  for await (const piece of source) {
    for (let at = 0; at < piece.byteLength; ) {
      const size = sizes(number)
      // The first is grown as it fills: a short stream takes no more than twice its own size.
      const needed = number > 1 ? size : Math.min(size, filled + piece.byteLength - at)
      if (part.byteLength < needed) {
        const grown = new Uint8Array(Math.min(size, Math.max(needed, part.byteLength * 2)))
        grown.set(part.subarray(0, filled))
        part = grown
      }
      const some = piece.subarray(at, at + size - filled)
      part.set(some, filled)
      filled += some.byteLength
      at += some.byteLength
      if (filled === size) {
        yield part
        number++
        ;[part, filled] = [new Uint8Array(0), 0]
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled)
}

/** Runs `work` for each item, at most `width` at once; takes the next item only when there is room. Stops at the first error. */
export async function eachOf<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const running = new Set<Promise<void>>()
  let failed: { error: unknown } | undefined
  let index = 0
  try {
    for await (const item of items) {
      const at = index++
      const one = work(item, at).then(
        (result) => {
          results[at] = result
        },
        (error: unknown) => {
          failed ??= { error }
        },
      )
      running.add(one)
      void one.then(() => running.delete(one))
      if (running.size >= width) await Promise.race(running)
      if (failed) break
    }
  } finally {
    await Promise.all(running)
  }
  if (failed) throw failed.error
  return results
}
