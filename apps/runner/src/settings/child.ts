/**
 * Reads the configuration, checks one, or walks the AWS account: in a process of its own, because a configuration file is code of
 * the user, and because the SDK should not stay in the runner's memory. Asked through its arguments, answers by messages.
 */
import { checkConfig, configInForce, configReport } from '@mayfly/executor'
import { AWS_STEPS, doctorAws } from '@mayfly/executor/doctor'
import { toErrorValue } from '@mayfly/executor/errors'

export type Question = 'report' | 'check' | 'aws'

const say = (answer: unknown) => new Promise<void>((resolve) => process.send!(answer, () => resolve()))

/** Everything to be said, in order. */
async function* answers(question: Question, text: string | undefined): AsyncGenerator<unknown> {
  if (question === 'report') yield { ...configReport(), awsSteps: AWS_STEPS }
  else if (question === 'aws') yield* doctorAws(configInForce({ backend: 'aws_lambda' }).options)
  else {
    checkConfig(JSON.parse(text ?? '{}'))
    yield 'good'
  }
}

process.on('disconnect', () => process.exit())
const [question, text] = process.argv.slice(2)
try {
  for await (const answer of answers(question as Question, text)) await say({ answer })
} catch (error) {
  const { stack: _, ...fault } = toErrorValue(error)
  await say({ fault })
}
process.exit()
