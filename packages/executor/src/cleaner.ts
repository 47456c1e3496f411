/**
 * Removes what no run needs any more: inputs and results of runs of which nothing has been heard for a day, and code and
 * captured data that no job has used for a week. Runs in the background, at most once a day for a storage.
 */
import type { Storage } from './storage/storage.js'

const DAY_MS = 86_400_000
const JOBS_MS = DAY_MS
const CODE_MS = 7 * DAY_MS
/** An executor that lives for a moment only has no time to clean. */
const DELAY_MS = 5_000
const MARK = 'cleaner/last'

const cleaned = new Set<string>()

/** Removes everything under these prefixes. */
export async function cleanRuns(storage: Storage, prefixes: readonly string[]): Promise<void> {
  const { bucket } = storage
  for (const prefix of prefixes) await storage.deleteObjects(bucket, await storage.listKeys(bucket, `${prefix}/`))
}

/** Cleans once per process and storage, some time after the start. Never keeps the process alive, never fails. */
export function startCleaner(home: string, storage: Storage): void {
  const place = `${home} ${storage.bucket}`
  if (cleaned.has(place)) return
  cleaned.add(place)
  setTimeout(() => void sweep(storage, Date.now()).catch(() => undefined), DELAY_MS).unref()
}

/**
 * @param at now, ms since the epoch
 * @param again also if another process has been here today
 * @returns the keys that were removed
 */
export async function sweep(storage: Storage, at: number, { again = false } = {}): Promise<string[]> {
  const { bucket } = storage
  const last = await storage.headObject(bucket, MARK).catch(() => undefined)
  if (!again && last && at - last.lastModified.getTime() < DAY_MS) return []
  await storage.putObject(bucket, MARK, '')
  const old = [...(await oldRuns(storage, at)), ...(await oldCode(storage, at))]
  await storage.deleteObjects(bucket, old)
  return old
}

/** Keys of runs whose newest object is older than a day. */
async function oldRuns(storage: Storage, at: number): Promise<string[]> {
  const runs = new Map<string, { newest: number; keys: string[] }>()
  for await (const { key, lastModified } of storage.list(storage.bucket, 'jobs/')) {
    const runId = key.split('/')[1]!
    const run = runs.get(runId) ?? { newest: 0, keys: [] }
    run.newest = Math.max(run.newest, lastModified.getTime())
    run.keys.push(key)
    runs.set(runId, run)
  }
  return [...runs.values()].flatMap(({ newest, keys }) => (at - newest > JOBS_MS ? keys : []))
}

async function oldCode(storage: Storage, at: number): Promise<string[]> {
  const old: string[] = []
  for (const prefix of ['code/', 'data/']) {
    for await (const { key, lastModified } of storage.list(storage.bucket, prefix)) {
      if (at - lastModified.getTime() > CODE_MS) old.push(key)
    }
  }
  return old
}
