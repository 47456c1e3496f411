/** The processes of this machine: on Linux from `/proc`, elsewhere from `ps`. */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { uptime } from 'node:os'
import { parseStat, readProc, residentOf, TICK_MS } from './stat.js'

export interface ProcessRow {
  pid: number
  parent: number
  ageMs: number
  /** User and system time so far. */
  cpuMs: number
  /** Resident memory, bytes. Read when it is asked for. */
  readonly rss: number
  /** Program and arguments. Read when it is asked for. */
  readonly command: string[]
}

/** Every process there is; empty where the system does not tell. */
export function processTable(): ProcessRow[] {
  try {
    return process.platform === 'linux' ? fromProc() : fromPs()
  } catch {
    return []
  }
}

/** The processes below `pid` in a table, parents before children; those that `skip` names are left out with theirs. Pure. */
export function descendantsIn<Row extends Pick<ProcessRow, 'pid' | 'parent'>>(
  rows: readonly Row[],
  pid: number,
  skip: (row: Row) => boolean = () => false,
): Row[] {
  const children = new Map<number, Row[]>()
  for (const row of rows) {
    const siblings = children.get(row.parent)
    if (siblings) siblings.push(row)
    else children.set(row.parent, [row])
  }
  const found = new Set<Row>()
  const visit = (parent: number) => {
    for (const row of children.get(parent) ?? []) if (row.pid !== pid && !skip(row)) found.add(row)
  }
  visit(pid)
  // Grows while it is walked. A table is not read in one moment and may hold a circle, hence a set.
  for (const row of found) visit(row.pid)
  return [...found]
}

function fromProc(): ProcessRow[] {
  const upMs = uptime() * 1000
  return readdirSync('/proc').flatMap((name) => {
    const text = /^\d+$/.test(name) ? readProc(`${name}/stat`) : ''
    if (text === '') return []
    const pid = Number(name)
    const { parent, cpuMs, startTicks } = parseStat(text)
    return [
      {
        ...{ pid, parent, cpuMs, ageMs: upMs - startTicks * TICK_MS },
        get rss() {
          return residentOf(pid)
        },
        get command() {
          return readProc(`${pid}/cmdline`).split('\0').filter(Boolean)
        },
      },
    ]
  })
}

function fromPs(): ProcessRow[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,etime=,time=,command='], { encoding: 'utf8' })
  return text.split('\n').flatMap(parsePs)
}

/** A line of `ps -o pid=,ppid=,rss=,etime=,time=,command=`: a row, or none. Pure. */
export function parsePs(line: string): ProcessRow[] {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+([\d:.-]+)\s+([\d:.-]+)\s+(.*)$/.exec(line)
  if (!match) return []
  const [, pid, parent, rss, age, cpu, command] = match
  return [
    {
      ...{ pid: Number(pid), parent: Number(parent), rss: Number(rss) * 1024 },
      ...{ ageMs: clockMs(age!), cpuMs: clockMs(cpu!), command: command!.split(' ') },
    },
  ]
}

/** `[[days-]hours:]minutes:seconds[.hundredths]` in milliseconds. */
function clockMs(text: string): number {
  const [, days = '0', rest] = /^(?:(\d+)-)?(.*)$/.exec(text)!
  const seconds = rest!.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return (Number(days) * 86_400 + seconds) * 1000
}
