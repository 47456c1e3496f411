/** `mayfly kernel …`: Mayfly as a kernel of JupyterLab, nbclient and `jupyter console`. */
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { MayflyError } from '@mayfly/executor/errors'
import { prefixFolder, pythonPrefix, searchFolders, thisMachine, userFolder } from '../zmq/folders.js'
import { serveKernel } from '../zmq/serve.js'
import { DEFAULT_DISPLAY_NAME, DEFAULT_NAME, findSpecs, installSpec, uninstallSpec } from '../zmq/spec.js'

const USAGE = `Usage: mayfly kernel COMMAND

  install [WHERE] [--name N] [--display-name D]   register the kernel with Jupyter
  uninstall [WHERE] [--name N]                    take it out again
  list                                            where it is registered
  run --conn FILE                                 serve one kernel; Jupyter calls this

WHERE is --user (your own Jupyter folder, the default), --sys-prefix (the Python environment in use) or --prefix FOLDER.
N is "${DEFAULT_NAME}" and D "${DEFAULT_DISPLAY_NAME}" unless you say otherwise.
`

const OPTIONS = {
  user: { type: 'boolean' },
  'sys-prefix': { type: 'boolean' },
  prefix: { type: 'string' },
  name: { type: 'string' },
  'display-name': { type: 'string' },
  conn: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>['values']

const WHERE = ['user', 'sys-prefix', 'prefix'] as const
/** What each command takes; anything else is a mistake that should be heard of. */
const TAKES: Record<string, readonly (keyof Values)[]> = {
  install: [...WHERE, 'name', 'display-name'],
  uninstall: [...WHERE, 'name'],
  list: [],
  run: ['conn'],
}

/** Runs `mayfly kernel …`; `argv` is what follows the word kernel. @returns The exit code. */
export async function kernelCommand(argv: readonly string[]): Promise<number> {
  const { values, command } = readArguments(argv)
  switch (command) {
    case 'install':
      say(`Installed: ${installSpec(dataFolder(values), specOf(values))}`)
      say('Choose the kernel in JupyterLab, or try: jupyter console --kernel '.concat(values.name ?? DEFAULT_NAME))
      return 0
    case 'uninstall':
      say(`Removed: ${uninstallSpec(dataFolder(values), values.name ?? DEFAULT_NAME)}`)
      return 0
    case 'list':
      return list()
    case 'run':
      return serveKernel(resolve(values.conn!))
    default:
      process.stdout.write(USAGE)
      return 0
  }
}

function readArguments(argv: readonly string[]): { values: Values; command: string | undefined } {
  let parsed: { values: Values; positionals: string[] }
  try {
    parsed = parseArgs({ args: [...argv], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw usage((error as Error).message)
  }
  const { values, positionals } = parsed
  if (values.help) return { values, command: undefined }
  const [command = '', ...rest] = positionals
  const takes = TAKES[command]
  if (!takes || rest.length > 0) throw usage(`Expected install, uninstall, list or run, got: ${positionals.join(' ')}.`)
  const foreign = Object.keys(values).find((name) => !takes.includes(name as keyof Values))
  if (foreign) throw usage(`--${foreign} is no option of kernel ${command}.`)
  if (WHERE.filter((name) => values[name]).length > 1)
    throw usage('--user, --sys-prefix and --prefix exclude each other.')
  if (command === 'run' && !values.conn) throw usage('kernel run needs --conn FILE.')
  return { values, command }
}

const usage = (message: string) => new MayflyError('E_USAGE', message, { hint: 'See mayfly kernel --help.' })

function dataFolder(values: Values): string {
  if (values.prefix) return prefixFolder(resolve(values.prefix))
  return values['sys-prefix'] ? prefixFolder(pythonPrefix()) : userFolder(thisMachine())
}

/** The script is the command that was called: npm's links are followed, so that it is found without npm. */
function specOf(values: Values) {
  return {
    name: values.name ?? DEFAULT_NAME,
    displayName: values['display-name'] ?? DEFAULT_DISPLAY_NAME,
    script: realpathSync(process.argv[1]!),
  }
}

function list(): number {
  const found = findSpecs(searchFolders(thisMachine()))
  if (found.length === 0) say('Not registered with Jupyter. Register it with: mayfly kernel install')
  for (const { name, displayName, folder, missing } of found) {
    say(`${name}\t${displayName}\t${folder}${missing ? `\tbroken: ${missing} is gone; install it again` : ''}`)
  }
  return 0
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
