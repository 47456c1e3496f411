/** `mayfly config`: the settings in force, and where each comes from. */

import { variableOf } from '../config/environment.js'
import { candidates } from '../config/file.js'
import { configInForce } from '../config/resolve.js'
import { withoutSecrets } from '../config/secrets.js'
import { mayflyHome } from '../home.js'
import { checkExecutorOptions, EXECUTOR_KEYS } from '../options.js'
import { type Command, readArgs } from './args.js'
import { textTable } from './text.js'

export const config: Command = {
  usage: `mayfly config [--json] [--places]

Prints the settings that a FunctionExecutor made here would have, and where each value comes from. In this order, the first wins:
  1. the argument of new FunctionExecutor({ … })
  2. in a notebook, what its toolbar sets: backend, storage, memory, workers and budget
  3. environment variables: ${variableOf('workers')}, ${variableOf('runtimeMemory')} …
  4. a file: the one MAYFLY_CONFIG names, else the nearest mayfly.config.{ts,mts,js,mjs,json} from here upwards,
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
    const complete = withoutSecrets({ home: mayflyHome(), ...checkExecutorOptions(options) })
    if (values.json) {
      process.stdout.write(`${JSON.stringify({ file: file ?? null, options: complete, sources }, null, 2)}\n`)
      return 0
    }
    const rows = EXECUTOR_KEYS.map((key) => [key, shown(complete[key]), sources[key] ?? 'default'])
    process.stdout.write(`${textTable(['option', 'value', 'from'], rows)}\n\nfile: ${file ?? 'none'}\n`)
    return 0
  },
}

function shown(value: unknown): string {
  if (value === undefined) return '–'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
