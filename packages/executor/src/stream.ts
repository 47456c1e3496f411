/**
 * A map over items that come one by one. Calls start as items come; when many calls are not done, no more items are read until
 * some are: a fast source of items waits for the workers, in constant memory.
 */
import type { ResponseFuture } from './futures.js'

/** Items that come within this time go out together, ms. */
const TOGETHER_MS = 20

/**
 * Reads `items` to their end and hands them to `start` in slices, with never more than `room` calls that are not done.
 * Rejects with what reading the items throws; calls already started go on.
 */
export async function pump<T, R>(
  items: AsyncIterable<T>,
  room: number,
  start: (slice: T[]) => readonly ResponseFuture<R>[],
): Promise<void> {
  let open = 0
  let wake = () => {}
  let slice: T[] = []
  let timer: NodeJS.Timeout | undefined
  let broken: unknown
  const send = () => {
    clearTimeout(timer)
    timer = undefined
    const out = slice
    slice = []
    if (out.length === 0) return
    for (const future of start(out)) {
      future.onDone(() => {
        open--
        wake()
      })
    }
  }
  const late = () => {
    try {
      send()
    } catch (error) {
      broken = { error }
      wake()
    }
  }
  for await (const item of items) {
    if (broken) throw (broken as { error: unknown }).error
    slice.push(item)
    open++
    timer ??= setTimeout(late, TOGETHER_MS)
    if (open < room) continue
    send()
    // Read on when half is done, so that what follows goes out together too.
    while (open > room / 2) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  if (broken) throw (broken as { error: unknown }).error
  send()
}
