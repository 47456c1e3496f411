/** When a request is repeated, and after how long: one policy for every operation. Pure but for the waiting. */

export interface RetryPolicy {
  /** Attempts in all. */
  attempts: number
  /** Attempts when nobody is there at all. */
  absent: number
  /** Of the first pause, doubled each time, half of it by chance. */
  baseMs: number
  /** Longest pause. */
  maxMs: number
}

export const POLICY: RetryPolicy = { attempts: 10, absent: 4, baseMs: 50, maxMs: 5_000 }

interface ServiceError {
  name?: string
  code?: string
  $metadata?: { httpStatusCode?: number }
}

const NETWORK = new Set(
  ['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'ERR_STREAM_PREMATURE_CLOSE'].concat([
    ...['ECONNABORTED', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_SOCKET'],
  ]),
)
const ABSENT = new Set(['ECONNREFUSED', 'ENOTFOUND'])
const PASSING = new Set(
  [
    'SlowDown',
    'InternalError',
    'ServiceUnavailable',
    'RequestTimeout',
    'RequestTimeTooSkewed',
    'OperationAborted',
  ].concat([
    ...[
      'ConditionalRequestConflict',
      'Throttling',
      'ThrottlingException',
      'RequestLimitExceeded',
      'BandwidthLimitExceeded',
    ],
    ...['TimeoutError', 'BadDigest', 'IncompleteBody'],
  ]),
)

export function isNetwork(error: unknown): boolean {
  const { code, name, message } = error as ServiceError & { message?: string }
  return (
    NETWORK.has(code ?? '') || name === 'TimeoutError' || /^(aborted|socket hang up|terminated)$/.test(message ?? '')
  )
}

/** Whether the same request may well succeed later. */
export function isPassing(error: unknown): boolean {
  const { name, $metadata } = error as ServiceError
  const status = $metadata?.httpStatusCode ?? 0
  return isNetwork(error) || PASSING.has(name ?? '') || status === 429 || (status >= 500 && status !== 501)
}

/** Whether the request may have been carried out although it failed for us. */
export function isAmbiguous(error: unknown): boolean {
  const { name, $metadata } = error as ServiceError
  const status = $metadata?.httpStatusCode ?? 0
  return isNetwork(error) || (status >= 500 && name !== 'SlowDown' && name !== 'ServiceUnavailable')
}

export interface Attempted {
  /** An earlier attempt may have been carried out. */
  ambiguous: boolean
}

/** Repeats `work` while it fails for passing reasons. `state` tells it of earlier attempts. */
export async function persist<T>(work: (state: Attempted) => Promise<T>, policy: RetryPolicy = POLICY): Promise<T> {
  const state = { ambiguous: false }
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(state)
    } catch (error) {
      const most = ABSENT.has((error as ServiceError).code ?? '') ? policy.absent : policy.attempts
      if (attempt >= most || !isPassing(error)) throw error
      if (isAmbiguous(error)) state.ambiguous = true
      await pause(attempt, policy)
    }
  }
}

export async function pause(attempt: number, { baseMs, maxMs }: RetryPolicy): Promise<void> {
  const most = Math.min(maxMs, baseMs * 2 ** (attempt - 1))
  await new Promise((resolve) => setTimeout(resolve, most / 2 + (Math.random() * most) / 2))
}
