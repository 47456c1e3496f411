/** The processes below another one, without a look at all there are. */
import { existsSync, readdirSync } from 'node:fs'
import { readProc } from './stat.js'
import { descendantsIn, processTable } from './table.js'

/**
 * Numbers of the processes below `pid`, parents before children. Linux tells the children of each, elsewhere the table is read. Who
 * begins or ends meanwhile may hide another one: where none may be missed, take `descendantsIn` a table.
 */
export function descendantsOf(pid: number): number[] {
  if (!existsSync('/proc/thread-self/children')) return descendantsIn(processTable(), pid).map((row) => row.pid)
  const found = [pid]
  // Grows while it is walked.
  for (const one of found) for (const task of tasksOf(one)) found.push(...childrenOf(one, task))
  return found.slice(1)
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function childrenOf(pid: number, task: string): number[] {
  return readProc(`${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number)
}
