/** The worker processes of this machine as the operating system lists them. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { uptime } from 'node:os'

export interface WorkerProcess {
  pid: number
  /** The process whose calls it runs, and the script that one was started with. */
  parentPid: number
  parent: string
  ageMs: number
  cpuMs: number
  /** Resident set, bytes. */
  rss: number
}

interface Row extends Omit<WorkerProcess, 'parent'> {
  /** Program and arguments. */
  command: string[]
}

const IS_WORKER = /executor[/\\]dist[/\\]worker[/\\]main\.js$/
const TICKS_PER_SECOND = 100
const PAGE = 4096

/** Every worker that runs now, oldest first. Linux from /proc, elsewhere from `ps`. */
export async function listWorkers(): Promise<WorkerProcess[]> {
  return workersAmong(process.platform === 'linux' ? fromProc() : fromPs())
}

/** Pure. */
export function workersAmong(rows: readonly Row[]): WorkerProcess[] {
  const known = new Map(rows.map((row) => [row.pid, row]))
  return rows
    .filter(({ command }) => command.some((part) => IS_WORKER.test(part)))
    .map(({ command: _command, ...row }) => ({ ...row, parent: programOf(known.get(row.parentPid)?.command ?? []) }))
    .sort((a, b) => b.ageMs - a.ageMs)
}

/** The script of a Node process, else the program. */
function programOf(command: string[]): string {
  return command.slice(1).find((part) => part && !part.startsWith('-')) ?? command[0] ?? '?'
}

function fromProc(): Row[] {
  const rows: Row[] = []
  const upMs = uptime() * 1000
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      // proc(5): the name in parentheses may hold spaces; counted from behind it, 1 is the parent, 11 and 12 the CPU time,
      // 19 the start, all in ticks, 21 the resident pages.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      const ms = (field: number) => (Number(fields[field]) / TICKS_PER_SECOND) * 1000
      rows.push({
        pid: Number(name),
        parentPid: Number(fields[1]),
        ageMs: upMs - ms(19),
        cpuMs: ms(11) + ms(12),
        rss: Number(fields[21]) * PAGE,
        command: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').filter(Boolean),
      })
    } catch {
      // It ended while we looked.
    }
  }
  return rows
}

function fromPs(): Row[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,etime=,time=,command='], { encoding: 'utf8' })
  return text.split('\n').flatMap((line) => {
    const [, pid, parentPid, rss, age, cpu, command] =
      /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    if (command === undefined) return []
    return [
      {
        pid: Number(pid),
        parentPid: Number(parentPid),
        rss: Number(rss) * 1024,
        ageMs: clockMs(age!),
        cpuMs: clockMs(cpu!),
        command: command.split(' '),
      },
    ]
  })
}

/** `[[days-]hours:]minutes:seconds[.hundredths]` in milliseconds. */
export function clockMs(text: string): number {
  const [, days = '0', rest] = /^(?:(\d+)-)?(.*)$/.exec(text)!
  const seconds = rest!.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return (Number(days) * 86_400 + seconds) * 1000
}
