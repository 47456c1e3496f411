/** Being cancelled: one error, whoever notices first. */
import { MayflyError } from '@mayfly/executor/errors'

/** @throws MayflyError E_CANCELLED */
export function checkCancelled(signal: AbortSignal, what: string, cause?: unknown): void {
  if (signal.aborted) throw cancelled(what, cause)
}

/** The error of whoever waits for something that was cancelled. */
export function cancelled(what: string, cause?: unknown): MayflyError {
  return new MayflyError('E_CANCELLED', `${what} was cancelled`, {
    hint: 'What was finished is kept: start again to go on from there.',
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The same bytes, broken off when the signal is aborted. @throws MayflyError E_CANCELLED */
export async function* untilCancelled(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    checkCancelled(signal, what)
    yield chunk
  }
}
