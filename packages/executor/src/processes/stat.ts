/** One process as Linux tells of it in `/proc`; nothing of it exists on other systems. */
import { readFileSync } from 'node:fs'

/** User space always sees 100 ticks a second. */
export const TICK_MS = 10

export interface ProcessStat {
  /** One letter of proc(5); `Z` has ended, only its parent did not notice yet. */
  state: string
  parent: number
  group: number
  /** CPU time of the process itself, and of its children that have ended and were waited for, ms. */
  cpuMs: number
  endedCpuMs: number
  /** Start, ticks after boot. */
  startTicks: number
}

/** The text of `/proc/PID/stat`. Pure. */
export function parseStat(text: string): ProcessStat {
  // The command name may hold spaces and brackets; field 3 of proc(5) follows the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  return {
    ...{ state: fields[0] ?? '', parent: field(4), group: field(5) },
    ...{ cpuMs: (field(14) + field(15)) * TICK_MS, endedCpuMs: (field(16) + field(17)) * TICK_MS },
    startTicks: field(22),
  }
}

/** Undefined when there is no such process (any more), or no `/proc`. */
export function readStat(pid: number | 'self'): ProcessStat | undefined {
  const text = readProc(`${pid}/stat`)
  return text === '' ? undefined : parseStat(text)
}

/** Resident memory, bytes; 0 when there is no such process. */
export function residentOf(pid: number): number {
  // In kilobytes, where `stat` counts pages, whose size Node does not tell.
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readProc(`${pid}/status`))?.[1] ?? 0) * 1024
}

/**
 * A file below `/proc`; '' when a process that ended meanwhile has nothing to tell. The kernel makes these files as they are
 * read: reading them at once takes a fifth of what the thread pool takes.
 */
export function readProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, 'latin1')
  } catch {
    return ''
  }
}
