/** Requests to an object storage, counted by what they are charged as. Deleting is free. */
import { prices } from './cost.js'

export interface StorageRequests {
  /** PUT, COPY and POST. */
  put: number
  get: number
  list: number
}

/** Counts until somebody takes the count. */
export class RequestTally {
  #count: StorageRequests = { put: 0, get: 0, list: 0 }

  add(kind: keyof StorageRequests, times = 1): void {
    this.#count[kind] += times
  }

  addAll(more: StorageRequests): void {
    for (const kind of ['put', 'get', 'list'] as const) this.#count[kind] += more[kind]
  }

  /** What was counted since the last time. */
  take(): StorageRequests {
    const count = this.#count
    this.#count = { put: 0, get: 0, list: 0 }
    return count
  }
}

/** US dollars on S3. */
export function requestsCost({ put, get, list }: StorageRequests): number {
  const price = prices().aws_s3
  return put * price.put + get * price.get + list * price.list
}
