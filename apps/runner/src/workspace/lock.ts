/** One runner per `MAYFLY_HOME`: two would write the same journals. The lock is a file that names its process. */
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { isAlive, readStat } from '@mayfly/executor/processes'
import { z } from 'zod'

const NAME = 'runner.lock'
/** The lock of another machine or container is known to be alive by its time, which is renewed so often. */
const BEAT_MS = 5000
const SILENT_MS = 30_000

const holderSchema = z.object({ pid: z.int().positive(), host: z.string(), started: z.string() })
type Holder = z.infer<typeof holderSchema>

export interface HomeLock {
  release(): void
}

/**
 * Takes the lock of a home folder; that of a process that is gone is taken over. Throws `E_HOME_LOCKED` when another runner uses the
 * folder.
 */
export function lockHome(home: string): HomeLock {
  mkdirSync(home, { recursive: true })
  const path = join(home, NAME)
  const mine = join(home, `.${NAME}.${randomBytes(6).toString('hex')}`)
  const text = JSON.stringify({ pid: process.pid, host: hostname(), started: startOf(process.pid) } satisfies Holder)
  writeFileSync(mine, text)
  try {
    while (!linked(mine, path)) dislodge(path, home)
  } finally {
    rmSync(mine, { force: true })
  }
  const beat = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date())
    } catch {
      // Someone deleted it; nothing is lost as long as no other runner starts.
    }
  }, BEAT_MS).unref()
  return {
    release() {
      clearInterval(beat)
      if (read(path) === text) rmSync(path, { force: true })
    },
  }
}

// A link appears with its whole content or not at all, and never replaces another.
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock when its holder is gone; throws when it is not. */
function dislodge(path: string, home: string): void {
  const text = read(path)
  if (text === undefined) return
  const holder = parse(text)
  if (holder && holds(holder, path))
    throw new MayflyError('E_HOME_LOCKED', `another runner (process ${holder.pid} on ${holder.host}) uses ${home}`, {
      where: { home, pid: holder.pid },
      hint: `Use that one, end it first, or set MAYFLY_HOME to another folder. If it is gone, delete ${path}.`,
    })
  // Someone else may take over at the same moment: what was moved away must be what was looked at.
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (read(aside) !== text) linked(aside, path)
  rmSync(aside, { force: true })
}

function holds(holder: Holder, path: string): boolean {
  if (holder.host !== hostname())
    return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < SILENT_MS
  if (!isAlive(holder.pid)) return false
  // The number may have been given to another process since.
  return startOf(holder.pid) === holder.started
}

/** When a process was started, in the system's own clock; '' where the system does not tell (then its number has to do). */
function startOf(pid: number): string {
  return String(readStat(pid)?.startTicks ?? '')
}

function parse(text: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
