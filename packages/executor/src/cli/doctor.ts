/** `mayfly doctor`: what this machine has for calls to run on, each with what to do when it lacks. */
import { type Command, readArgs, wrongUse } from './args.js'
import { type Check, localChecks } from './doctor-local.js'

export const doctor: Command = {
  usage: `mayfly doctor [--json]    checks this machine, the configuration and a test call; exit code 1 when something is wrong
`,
  async run(args) {
    const { values, positionals } = readArgs(args, { json: { type: 'boolean' } }, [0, 1])
    if (positionals[0] !== undefined) throw wrongUse(`there is nothing to check called '${positionals[0]}'`)
    const checks: Check[] = []
    for await (const check of localChecks()) {
      checks.push(check)
      if (!values.json) process.stdout.write(`${line(check)}\n`)
    }
    if (values.json) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`)
    return checks.some(({ state }) => state === 'bad') ? 1 : 0
  },
}

const MARK = { good: '✓', note: '·', bad: '✗' }

function line({ name, state, says, fix }: Check): string {
  return `${MARK[state]} ${name}: ${says}${fix ? `\n    → ${fix}` : ''}`
}
