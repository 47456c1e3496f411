/** The worker processes of this machine as the operating system lists them. */
import { type ProcessRow, processTable } from '../processes/index.js'

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

const IS_WORKER = /executor[/\\]dist[/\\]worker[/\\]main\.js$/

/** Every worker that runs now, oldest first. */
export async function listWorkers(): Promise<WorkerProcess[]> {
  return workersAmong(processTable())
}

/** Pure. */
export function workersAmong(rows: readonly ProcessRow[]): WorkerProcess[] {
  const known = new Map(rows.map((row) => [row.pid, row]))
  return rows
    .filter(({ command }) => command.some((part) => IS_WORKER.test(part)))
    .map(({ pid, parent, ageMs, cpuMs, rss }) => {
      const program = programOf(known.get(parent)?.command ?? [])
      return { pid, parentPid: parent, parent: program, ageMs, cpuMs, rss }
    })
    .sort((a, b) => b.ageMs - a.ageMs)
}

/** The script of a Node process, else the program. */
function programOf(command: string[]): string {
  return command.slice(1).find((part) => part && !part.startsWith('-')) ?? command[0] ?? '?'
}
