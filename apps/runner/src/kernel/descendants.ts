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

/** The children of a process, and theirs; without esbuild's service unless `all` is set. */
export function descendantsOf(pid: number, { all = false } = {}): number[] {
  const rows = processTable()
  const found = new Set<number>()
  const collect = (parent: number): void => {
    for (const row of rows) {
      if (row.parent !== parent || found.has(row.pid) || (!all && KEPT.test(row.command))) continue
      found.add(row.pid)
      collect(row.pid)
    }
  }
  collect(pid)
  return [...found]
}

/**
 * Kills the children (and theirs) of `pid`. The process itself goes on.
 * @param options.all Also those that the kernel needs while it lives.
 */
export function killDescendants(pid: number, options: { all?: boolean } = {}): void {
  for (const child of descendantsOf(pid, options)) {
    try {
      process.kill(child, 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
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
