/** Memory and CPU time of a process and everything it started, as the operating system counts them. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

export interface ProcessRow {
  pid: number
  parent: number
  /** Resident memory in bytes; only asked for of processes that count. */
  rss: number
  /** User and system time so far, in seconds. */
  cpuSeconds: number
}

export interface TreeUsage {
  processes: number
  rss: number
  cpuSeconds: number
}

/** Linux counts CPU time in these; user space always sees 100 of them a second. */
const TICKS_PER_SECOND = 100

/** `pid` and its descendants in a table of processes. Pure. */
export function treeOf<Row extends Pick<ProcessRow, 'pid' | 'parent'>>(rows: readonly Row[], pid: number): Row[] {
  const children = new Map<number, Row[]>()
  for (const row of rows) children.set(row.parent, [...(children.get(row.parent) ?? []), row])
  const tree = rows.filter((row) => row.pid === pid)
  for (const row of tree) tree.push(...(children.get(row.pid) ?? []))
  return tree
}

/** The usage of a process with its descendants; undefined when it is gone. */
export async function treeUsage(pid: number): Promise<TreeUsage | undefined> {
  const tree = treeOf(await (process.platform === 'linux' ? fromProc() : fromPs()), pid)
  if (tree.length === 0) return undefined
  if (process.platform === 'linux') await Promise.all(tree.map(addRss))
  return {
    processes: tree.length,
    rss: tree.reduce((sum, { rss }) => sum + rss, 0),
    cpuSeconds: tree.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  }
}

async function fromProc(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const rows = await Promise.all(
    pids.map((pid) =>
      readFile(`/proc/${pid}/stat`, 'utf8').then(
        (stat) => [parseStat(Number(pid), stat)],
        () => [],
      ),
    ),
  )
  return rows.flat()
}

/** A line of `/proc/<pid>/stat` (proc(5): 4 ppid, 14 utime, 15 stime). Pure. */
export function parseStat(pid: number, stat: string): ProcessRow {
  // The command name may hold spaces and brackets; field 3 follows the last bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return { pid, parent: Number(fields[1]), rss: 0, cpuSeconds: ticks / TICKS_PER_SECOND }
}

async function addRss(row: ProcessRow): Promise<void> {
  const status = await readFile(`/proc/${row.pid}/status`, 'utf8').catch(() => '')
  row.rss = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
}

async function fromPs(): Promise<ProcessRow[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='])
  return stdout.split('\n').flatMap(parsePs)
}

/** A line of `ps -o pid=,ppid=,rss=,time=`; the time is `[[d-]h:]m:s[.f]`. Pure. */
export function parsePs(line: string): ProcessRow[] {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(?:(\d+)-)?([\d:.]+)\s*$/.exec(line)
  if (!match) return []
  const seconds = match[5]!.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  const cpuSeconds = Number(match[4] ?? 0) * 86_400 + seconds
  return [{ pid: Number(match[1]), parent: Number(match[2]), rss: Number(match[3]) * 1024, cpuSeconds }]
}
