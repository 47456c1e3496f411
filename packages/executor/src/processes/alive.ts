/** Whether a process lives, and is still the one that was meant. */
import { readProc, readStat, TICK_MS } from './stat.js'

// The clock of the boot time is read in whole seconds.
const TOLERANCE_MS = 2000

/**
 * True while a process with the number `pid` runs. With `since`, milliseconds since the epoch, only for one that lived then:
 * a later process that got the same number is told apart by its start time where the system shows it (Linux).
 */
export function isAlive(pid: number, since?: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const stat = readStat(pid)
  if (stat?.state === 'Z') return false
  if (!stat || since === undefined) return true
  const boot = Number(/^btime (\d+)$/m.exec(readProc('stat'))?.[1]) * 1000
  const started = boot + stat.startTicks * TICK_MS
  return !Number.isFinite(started) || started <= since + TOLERANCE_MS
}
