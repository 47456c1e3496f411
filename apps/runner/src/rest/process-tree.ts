/** Memory and CPU time of a process and everything it started, as the operating system counts them. */
import { descendantsIn, processTable } from '@mayfly/executor/processes'

export interface TreeUsage {
  processes: number
  /** Resident memory in bytes. */
  rss: number
  /** User and system time so far, in seconds. */
  cpuSeconds: number
}

/** The usage of a process with its descendants; undefined when it is gone. */
export function treeUsage(pid: number): TreeUsage | undefined {
  const rows = processTable()
  const root = rows.find((row) => row.pid === pid)
  if (!root) return undefined
  const tree = [root, ...descendantsIn(rows, pid)]
  return {
    processes: tree.length,
    rss: tree.reduce((sum, { rss }) => sum + rss, 0),
    cpuSeconds: tree.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000,
  }
}
