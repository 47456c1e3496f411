/**
 * What the processes a call starts use, from /proc: those that have ended, by what the system added up for us when they were
 * waited for; those that live, by themselves. Nested workers, which are leaders of groups of their own, have calls and
 * figures of their own and are left out while they live. Elsewhere than on Linux children are not counted.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Length of the ticks in /proc/PID/stat, µs: 100 a second on every Linux. */
const TICK_US = 10_000
const PAGE = 4096

interface Stat {
  group: number
  /** CPU time of the process, and of its children that have ended, ticks. */
  own: number
  ended: number
  /** Resident set, bytes. */
  rss: number
}

/** CPU time in all, µs, and resident set now, bytes. */
export interface Children {
  cpuUs: number
  rss: number
}

const NONE: Children = { cpuUs: 0, rss: 0 }

/** The children of this process and theirs. Never throws: a process that ends meanwhile is left out. */
export function readChildren(): Children {
  const self = statOf('self')
  if (!self) return NONE
  const living = { cpuUs: self.ended * TICK_US, rss: 0 }
  const visit = (pid: string) => {
    for (const child of childrenOf(pid)) {
      const stat = statOf(child)
      if (stat?.group !== self.group) continue
      living.cpuUs += (stat.own + stat.ended) * TICK_US
      living.rss += stat.rss
      visit(child)
    }
  }
  visit('self')
  return living
}

/** Children by the threads that started them. */
function childrenOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const text = read(`/proc/${pid}/task/${thread}/children`)
      return text ? text.trim().split(' ') : []
    })
  } catch {
    return []
  }
}

function statOf(pid: string): Stat | undefined {
  const text = read(`/proc/${pid}/stat`)
  if (!text) return undefined
  // The name before may contain anything; the state, field 3 of proc(5), follows the last parenthesis.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  return {
    ...{ group: field(5), own: field(14) + field(15), ended: field(16) + field(17) },
    rss: field(24) * PAGE,
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
