/**
 * A lock between processes for the few instants in which an object is compared and replaced. Who holds it does nothing but
 * three calls to the file system, so one that is a few seconds old is a dead process's and is taken over.
 */
import { randomBytes } from 'node:crypto'
import { link, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MayflyError } from '../../errors.js'
import { errno } from './files.js'
import { TEMPORARY } from './names.js'

const STALE_MS = 5_000
const GIVE_UP_MS = 30_000

/** Runs `work` while no other `withLock` on the same path runs, in any process of this machine. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = join(dirname(path), `${TEMPORARY}lock-${basename(path).slice(0, 200)}`)
  const mine = `${lock}-${randomBytes(8).toString('hex')}`
  await writeFile(mine, '')
  try {
    await acquire(lock, mine)
    try {
      return await work()
    } finally {
      await rm(lock, { force: true })
    }
  } finally {
    await rm(mine, { force: true })
  }
}

async function acquire(lock: string, mine: string): Promise<void> {
  const begin = performance.now()
  for (let wait = 1; ; wait = Math.min(wait * 2, 20)) {
    try {
      await link(mine, lock)
      return
    } catch (error) {
      if (errno(error) !== 'EEXIST') throw error
    }
    const since = await stat(lock).catch(() => undefined)
    if (since && Date.now() - since.ctimeMs > STALE_MS) {
      // Moved, not removed: of several who find it stale one takes it away, and no new lock goes with it unseen.
      await rename(lock, `${mine}-stale`).catch(() => undefined)
      await rm(`${mine}-stale`, { force: true })
    } else if (performance.now() - begin > GIVE_UP_MS) {
      throw new MayflyError('E_STORAGE_BUSY', `${path(lock)} was locked for ${GIVE_UP_MS / 1000} s`, {
        hint: 'Many writers compare and swap the same object; give each its own, or use a shared counter or map.',
      })
    }
    await sleep(Math.random() * wait)
  }
}

function path(lock: string): string {
  return basename(lock).slice(`${TEMPORARY}lock-`.length)
}
