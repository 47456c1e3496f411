/** The child processes of a process, for the second step of an interrupt: what blocks a kernel is often one of them. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

interface Row {
  pid: number
  parent: number
  command: string
}

/** esbuild's service, which the kernel needs again. */
const KEPT = /--service=/

/** Kills the children (and theirs) of `pid`; returns how many. The process itself goes on. */
export function killDescendants(pid: number): number {
  const rows = processTable()
  const doomed = new Set<number>()
  const collect = (parent: number): void => {
    for (const row of rows) {
      if (row.parent !== parent || doomed.has(row.pid) || KEPT.test(row.command)) continue
      doomed.add(row.pid)
      collect(row.pid)
    }
  }
  collect(pid)
  for (const child of doomed) {
    try {
      process.kill(child, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
  return doomed.size
}

function processTable(): Row[] {
  try {
    return process.platform === 'linux' ? fromProc() : fromPs()
  } catch {
    return []
  }
}

function fromProc(): Row[] {
  const rows: Row[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // The command name may hold spaces and brackets; the fields go on after the last bracket.
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
      rows.push({ pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8') })
    } catch {
      // It ended while we looked.
    }
  }
  return rows
}

function fromPs(): Row[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' })
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line)
    return match ? [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3]! }] : []
  })
}
