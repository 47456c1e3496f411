/** Futures among what a function returns: the call's result has the results of those calls in their places. */

/** The value with futures, and lists of futures, replaced by their results; one level deep. */
export async function resolved(value: unknown): Promise<unknown> {
  if (isFuture(value)) return value.result()
  if (!Array.isArray(value) || !value.some(isFuture)) return value
  const results = await Promise.all(Array.from(value, (item) => (isFuture(item) ? item.result() : item)))
  return results
}

/** A `ResponseFuture` of whatever copy of this package the function has. */
function isFuture(value: unknown): value is { result(): Promise<unknown> } {
  if (typeof value !== 'object' || value === null || !('callId' in value)) return false
  return typeof (value as { result?: unknown }).result === 'function'
}
