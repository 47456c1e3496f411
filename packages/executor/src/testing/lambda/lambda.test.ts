import { type LambdaDouble, limitKind, startLambda } from '@mayfly/executor/testing'
import { afterAll, beforeAll } from 'vitest'
import { lambdaConformance } from './conformance.js'

let lambda: LambdaDouble
const limits = limitKind() !== 'watch'
beforeAll(async () => {
  process.stdout.write(`Limits of environments are kept by ${limitKind()}.\n`)
  lambda = await startLambda({ asyncRetryMs: 60, memory: limits, cpu: limits })
})
afterAll(() => lambda.close())

lambdaConformance('the double', () => ({ ...lambda, limits, deadLetters: () => lambda.deadLetters }))
