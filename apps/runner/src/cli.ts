/** The commands of the runner: `mayfly run` and `mayfly kernel`. Each is loaded when it is called. */
import { formatError, toErrorValue } from '@mayfly/executor/errors'

/**
 * Runs a command.
 * @param argv What follows the program's name: `['run', 'a.ipynb', '-o', 'b.ipynb']`.
 * @returns The exit code: 0, 1 when a cell failed or the kernel died, 2 for bad input.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv
  try {
    if (command === 'kernel') return await (await import('./cli/kernel.js')).kernelCommand(rest)
    return await (await import('./cli/run.js')).runCommand(rest)
  } catch (error) {
    process.stderr.write(`${formatError(toErrorValue(error))}\n`)
    return 2
  }
}
