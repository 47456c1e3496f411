/** The child processes of a process, for the second step of an interrupt: what blocks a kernel is often one of them. */
import { descendantsIn, processTable } from '@mayfly/executor/processes'

/** esbuild's service, which the kernel needs again. */
const KEPT = /--service=/

/** The children of a process, and theirs; without esbuild's service unless `all` is set. */
export function descendantsOf(pid: number, { all = false } = {}): number[] {
  const kept = all ? undefined : ({ command }: { command: string[] }) => command.some((part) => KEPT.test(part))
  return descendantsIn(processTable(), pid, kept).map((row) => row.pid)
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
