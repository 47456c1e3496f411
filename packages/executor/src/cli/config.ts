/** `mayfly config`: the settings in force, and where each comes from. */

import { variableOf } from '../config/environment.js'
import { candidates } from '../config/file.js'
import { configInForce } from '../config/resolve.js'
import { mayflyHome } from '../home.js'
import { checkExecutorOptions, EXECUTOR_KEYS } from '../options.js'
import { type Command, readArgs } from './args.js'
import { textTable } from './text.js'

export const config: Command = {
  usage: `mayfly config [--json] [--places]

Prints the settings that a FunctionExecutor made here would have, and where each value comes from. In this order, the first wins:
  1. the argument of new FunctionExecutor({ … })
  2. environment variables: ${variableOf('workers')}, ${variableOf('runtimeMemory')} …
  3. a file: the one MAYFLY_CONFIG names, else the nearest mayfly.config.{ts,mts,js,mjs,json} from here upwards,
     else ~/.config/mayfly/config.{ts,mts,js,mjs,json}

  --json     as JSON
  --places   every place a file is looked for
`,
  async run(args) {
    const { values } = readArgs(args, { json: { type: 'boolean' }, places: { type: 'boolean' } })
    if (values.places) {
      process.stdout.write(`${candidates(process.cwd(), process.env).join('\n')}\n`)
      return 0
    }
    const { options, sources, file } = configInForce()
    const complete: Record<string, unknown> = { home: mayflyHome(), ...checkExecutorOptions(options) }
    if (values.json) {
      process.stdout.write(
        `${JSON.stringify({ file: file ?? null, options: withoutSecrets(complete), sources }, null, 2)}\n`,
      )
      return 0
    }
    const rows = EXECUTOR_KEYS.map((key) => [key, shown(key, complete[key]), sources[key] ?? 'default'])
    process.stdout.write(`${textTable(['option', 'value', 'from'], rows)}\n\nfile: ${file ?? 'none'}\n`)
    return 0
  },
}

/** What must never be printed: names of options and of fields in them that hold secrets. */
const SECRET = /secret|passw|token|credential|api_?key|access_?key/i

function withoutSecrets(value: Record<string, unknown>): Record<string, unknown> {
  // Values of environment variables may be anything: as in run logs, only their names are shown.
  const open = 'extraEnv' in value ? { ...value, extraEnv: Object.keys(value.extraEnv as object) } : value
  return JSON.parse(JSON.stringify(open, (key, field) => (SECRET.test(key) ? '(not shown)' : field)))
}

function shown(key: string, value: unknown): string {
  if (value === undefined) return '–'
  if (SECRET.test(key)) return '(not shown)'
  if (key === 'extraEnv') return Object.keys(value as object).join(', ')
  return typeof value === 'string' ? value : JSON.stringify(withoutSecrets({ value }).value)
}
