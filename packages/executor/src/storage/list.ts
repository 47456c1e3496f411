/** Pages out of an ordered walk over keys: delimiter, continuation and page size, the same for every driver that can walk. Pure. */
import type { ListOptions } from './driver.js'

/** What a walk must know: it may leave out what does not start with `prefix` or lies before the position. */
export interface WalkFrom {
  prefix: string
  /** Keys up to and including this one were listed. */
  after: string
  /** Keys that start with it were listed, too; changes while the walk goes on. */
  skip: string | undefined
}

export interface Found<T> {
  found: { key: string; item: T }[]
  prefixes: string[]
  next?: string
}

/** Takes one page. `walk` gives the entries behind `from` in the order of their keys. */
export async function takePage<T>(
  options: ListOptions,
  maxKeys: number,
  walk: (from: WalkFrom) => AsyncIterable<{ key: string; item: T }> | Iterable<{ key: string; item: T }>,
): Promise<Found<T>> {
  const { prefix = '', delimiter, startAfter = '', token } = options
  const from: WalkFrom = { prefix, after: startAfter, skip: undefined }
  if (token) from.after = token.slice(1)
  if (token?.startsWith('p')) from.skip = from.after
  const page: Found<T> = { found: [], prefixes: [] }
  let last: string | undefined
  for await (const entry of walk(from)) {
    if (from.skip !== undefined && entry.key.startsWith(from.skip)) continue
    if (page.found.length + page.prefixes.length >= maxKeys) {
      page.next = last!
      break
    }
    const at = delimiter ? entry.key.indexOf(delimiter, prefix.length) : -1
    if (at < 0) {
      page.found.push(entry)
      last = `k${entry.key}`
    } else {
      const folded = entry.key.slice(0, at + delimiter!.length)
      page.prefixes.push(folded)
      from.skip = folded
      last = `p${folded}`
    }
  }
  return page
}
