/** `mayfly doctor`: what this machine, or an AWS account, has for calls to run on, each with what to do when it lacks. */
import { configInForce } from '../config/resolve.js'
import { type Command, readArgs, wrongUse } from './args.js'
import { doctorAws } from './doctor-aws.js'
import { type Check, localChecks } from './doctor-local.js'
import { duration } from './text.js'

export const doctor: Command = {
  usage: `mayfly doctor [--json]        checks this machine, the configuration and a test call; exit code 1 when something is wrong
mayfly doctor aws [--json]    checks that calls can run on AWS Lambda as configured: credentials, region, role, bucket,
                              function (deploys it if there is none), test calls, concurrency
`,
  async run(args) {
    const { values, positionals } = readArgs(args, { json: { type: 'boolean' } }, [0, 1])
    const what = positionals[0]
    if (what !== undefined && what !== 'aws') throw wrongUse(`there is nothing to check called '${what}'`)
    const checks: Line[] = []
    for await (const check of what ? doctorAws(configInForce({ backend: 'aws_lambda' }).options) : localChecks()) {
      checks.push(check)
      if (!values.json) process.stdout.write(`${line(check)}\n`)
    }
    if (values.json) process.stdout.write(`${JSON.stringify(checks, null, 2)}\n`)
    return checks.some(({ state }) => state === 'bad') ? 1 : 0
  },
}

type Line = Omit<Check, 'state'> & { state: Check['state'] | 'skipped'; ms?: number }

const MARK = { good: '✓', note: '·', bad: '✗', skipped: '–' }

function line({ name, state, says, fix, ms }: Line): string {
  const took = ms ? `  (${duration(ms)})` : ''
  return `${MARK[state]} ${name}: ${says}${took}${fix ? `\n    → ${fix.replaceAll('\n', '\n      ')}` : ''}`
}
