/** The Lambda cases with AWS's own runtime client in the double's environments; `MAYFLY_ORACLE_RUNTIME` is where it lies. */
import { type LambdaDouble, limitKind, startLambda } from '@mayfly/executor/testing'
import { afterAll, beforeAll } from 'vitest'
import { lambdaConformance } from '../../packages/executor/dist/testing/lambda/conformance.js'

let lambda: LambdaDouble
const limits = limitKind() !== 'watch'
beforeAll(async () => {
  const runtime = [process.env.MAYFLY_ORACLE_RUNTIME!]
  lambda = await startLambda({ asyncRetryMs: 60, memory: limits, cpu: limits, runtime })
})
afterAll(() => lambda.close())

lambdaConformance('the double with aws-lambda-ric', () => ({
  ...lambda,
  limits,
  deadLetters: () => lambda.deadLetters,
}))
