/**
 * What the processes a call starts use, from /proc: those that have ended, by what the system added up for us when they were
 * waited for; those that live, by themselves. Nested workers, which are leaders of groups of their own, have calls and
 * figures of their own and are left out while they live. Elsewhere than on Linux children are not counted.
 */
import { readdirSync } from 'node:fs'
import { readProc, readStat, residentOf } from '../processes/stat.js'

/** CPU time in all, µs, and resident set now, bytes. */
export interface Children {
  cpuUs: number
  rss: number
}

const NONE: Children = { cpuUs: 0, rss: 0 }

/** The children of this process and theirs. Never throws: a process that ends meanwhile is left out. */
export function readChildren(): Children {
  const self = readStat('self')
  if (!self) return NONE
  const living = { cpuUs: self.endedCpuMs * 1000, rss: 0 }
  const visit = (pid: number | 'self') => {
    for (const child of childrenOf(pid)) {
      const stat = readStat(child)
      if (stat?.group !== self.group) continue
      living.cpuUs += (stat.cpuMs + stat.endedCpuMs) * 1000
      living.rss += residentOf(child)
      visit(child)
    }
  }
  visit('self')
  return living
}

/** Children by the threads that started them. */
function childrenOf(pid: number | 'self'): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
      const text = readProc(`${pid}/task/${thread}/children`)
      return text ? text.trim().split(' ').map(Number) : []
    })
  } catch {
    return []
  }
}
