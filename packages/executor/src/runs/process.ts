/** Whether the process that wrote a run log still lives. */
import { readFile } from 'node:fs/promises'

// The clock of the boot time is read in whole seconds.
const TOLERANCE_MS = 2000
const TICKS_PER_SECOND = 100

/**
 * True while the process `pid`, which lived at `since` (milliseconds since the epoch), runs. A later process that got the same
 * number is told apart by its start time where the system shows it (Linux).
 */
export async function isAlive(pid: number, since: number): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const started = await startTime(pid)
  return started === undefined || started <= since + TOLERANCE_MS
}

/** Start of a process in milliseconds since the epoch (proc(5): field 22 of stat, in ticks since boot), or undefined. */
async function startTime(pid: number): Promise<number | undefined> {
  try {
    const [stat, system] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readFile('/proc/stat', 'utf8')])
    // The name in parentheses may hold spaces: count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended, only its parent did not notice yet.
    if (fields[0] === 'Z') return Number.POSITIVE_INFINITY
    const boot = Number(/^btime (\d+)$/m.exec(system)?.[1])
    const started = (boot + Number(fields[19]) / TICKS_PER_SECOND) * 1000
    return Number.isFinite(started) ? started : undefined
  } catch {
    return undefined
  }
}
