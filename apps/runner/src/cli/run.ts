/** `mayfly run`: a notebook from the command line, start to end. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { MayflyError } from '@mayfly/executor/errors'
import { notebookSettings } from '@mayfly/executor/host'
import { type HeadlessEvents, runNotebook } from '../kernel/headless.js'
import { injectParameters, parseParameter, unknownParameters } from '../kernel/parameters.js'
import { formatNotebook, parseNotebook } from '../nbformat.js'
import { writeAtomic } from '../workspace/atomic.js'

const USAGE = `Usage: mayfly run NOTEBOOK.ipynb [-p name=value …] [--backend NAME] -o OUT.ipynb

Runs all code cells in order and writes the notebook with its outputs.
  -p, --parameter name=value   sets a parameter (repeatable); JSON where it parses as JSON, else text
  --backend NAME               where its executors run calls (localhost, aws_lambda), instead of what the notebook says
  -o, --output FILE            where to write; may be the notebook itself
Exit code: 0 all cells ran, 1 a cell failed (the outputs are written), 2 bad input.
`

/** Runs `mayfly run …`; `argv` is what follows the word run. @returns The exit code: 0, or 1 for a failed cell. */
export async function runCommand(argv: readonly string[]): Promise<number> {
  const request = readArguments(argv)
  if (request === 'help') {
    process.stdout.write(USAGE)
    return 0
  }
  const file = resolve(request.notebook)
  const output = resolve(request.output)
  const parsed = parseNotebook(await read(file), request.notebook)
  const parameters = new Map(request.parameters.map(parseParameter))
  for (const warning of unknownParameters(parsed, parameters.keys())) process.stderr.write(`${warning}\n`)
  const notebook = injectParameters(parsed, parameters)
  const place = placeOf(file)
  const cancel = new AbortController()
  const onSignal = () => cancel.abort()
  process.once('SIGINT', onSignal)
  const chosen = request.backend ? { backend: request.backend } : {}
  const settings = { ...notebookSettings(notebook.metadata), ...chosen }
  const options = { id: randomUUID(), ...place, settings }
  const result = await runNotebook(notebook, options, progress(), cancel.signal)
  process.off('SIGINT', onSignal)
  await write(output, formatNotebook(result.notebook))
  process.stderr.write(`Written: ${request.output}\n`)
  return result.failed || cancel.signal.aborted ? 1 : 0
}

interface Request {
  notebook: string
  output: string
  parameters: string[]
  backend: string | undefined
}

function readArguments(argv: readonly string[]): 'help' | Request {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(argv)
  } catch (error) {
    throw new MayflyError('E_USAGE', (error as Error).message, { hint: 'See mayfly run --help.' })
  }
  const { values, positionals } = parsed
  if (values.help) return 'help'
  const [notebook, ...rest] = positionals
  if (!notebook || rest.length > 0 || !values.output) {
    throw new MayflyError(
      'E_USAGE',
      `Expected: run NOTEBOOK.ipynb -o OUT.ipynb, got: ${argv.join(' ') || 'nothing'}.`,
      {
        hint: 'See mayfly run --help.',
      },
    )
  }
  return { notebook, output: values.output, parameters: values.parameter ?? [], backend: values.backend }
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      parameter: { type: 'string', short: 'p', multiple: true },
      backend: { type: 'string' },
      output: { type: 'string', short: 'o' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}

/** The workspace is the current folder, or the notebook's own when it lies elsewhere. */
function placeOf(file: string): { workspace: string; home: string; notebook: string } {
  const wanted = resolve(process.env.MAYFLY_WORKSPACE ?? process.cwd())
  const workspace = relative(wanted, file).startsWith('..') ? dirname(file) : wanted
  return {
    workspace,
    home: resolve(process.env.MAYFLY_HOME ?? join(workspace, '.mayfly')),
    notebook: relative(workspace, file),
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const hint = 'Check the path of the notebook.'
    throw new MayflyError('E_NOTEBOOK_READ', `${file} cannot be read: ${(cause as Error).message}.`, { hint, cause })
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeAtomic(file, text)
  } catch (cause) {
    const hint = 'Choose a folder that you may write to with -o.'
    throw new MayflyError('E_NOTEBOOK_WRITE', `${file} cannot be written: ${(cause as Error).message}.`, {
      hint,
      cause,
    })
  }
}

/** Progress for a person at a terminal, on stderr. */
function progress(): HeadlessEvents {
  const say = (text: string) => process.stderr.write(text)
  return {
    onCell: (index, total, cell) => say(`[${index}/${total}] ${titleOf(cell.source)}\n`),
    onStream: (_name, text) => say(text),
    onCellEnd: (status, elapsedMs, error) => {
      if (error) say(`${(error.traceback as string[]).join('\n')}\n`)
      say(`      ${status} in ${(elapsedMs / 1000).toFixed(2)} s\n`)
    },
  }
}

function titleOf(source: string): string {
  const line = source.split('\n').find((text) => text.trim() !== '') ?? ''
  return line.length > 72 ? `${line.slice(0, 71)}…` : line
}
