/** The requests to the storage that a call causes, for its bill. Those of the user's own functions are not known. Pure. */
import type { RequestTally, StorageRequests } from '../../cost/requests.js'
import type { AttemptEvent, Beat, Invocation } from '../backend.js'

/** Inputs that go by the storage: written with the first attempt, read with each. */
export function countInputs(batch: readonly Invocation[], tally: RequestTally): void {
  for (const { input, attempt } of batch) {
    for (const part of 'parts' in input ? input.parts : [input]) {
      if (!('key' in part)) continue
      if (attempt === 1) tally.add('put')
      tally.add('get')
    }
  }
}

/** The end of an attempt, with those of the function, and those that were made here since the last end. Without a tally, none cost. */
export function withRequests(event: AttemptEvent | Beat, tally: RequestTally | undefined): AttemptEvent | Beat {
  if ((event.type !== 'done' && event.type !== 'failed') || !event.billed) return event
  const { storage, ...billed } = event.billed
  if (!tally) return { ...event, billed }
  if (event.type === 'done' && 'key' in event.result) tally.add('get')
  if (storage) tally.addAll(storage)
  return { ...event, billed: { ...billed, storage: tally.take() } }
}

/** Requests at the begin and the end of a call, and for each second of it. */
const MOST = {
  stream: { put: 8, get: 12, list: 0, second: { put: 0, get: 1, list: 0 } },
  event: { put: 8, get: 12, list: 60, second: { put: 0.4, get: 1, list: 0.85 } },
  // Answers come by events only when there are hundreds of calls: they share the listings.
  auto: { put: 8, get: 12, list: 2, second: { put: 0.4, get: 1, list: 0.1 } },
}

/** More than a call of so many seconds causes. */
export function mostRequests(seconds: number, invocation: keyof typeof MOST): StorageRequests {
  const { put, get, list, second } = MOST[invocation]
  return { put: put + second.put * seconds, get: get + second.get * seconds, list: list + second.list * seconds }
}
