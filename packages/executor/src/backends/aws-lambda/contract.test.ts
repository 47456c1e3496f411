import { type Doubles, startDoubles } from '@mayfly/executor/testing'
import { afterAll, beforeAll } from 'vitest'
import { backendContract, type ContractParts } from '../contract.js'
import { contractParts } from '../contract-parts.js'

let doubles: Doubles
beforeAll(async () => {
  doubles = await startDoubles()
})
afterAll(() => doubles.close())

const parts = (invocation: 'stream' | 'event'): ContractParts => ({
  ...{ cloud: true, remoteStorage: true },
  ...contractParts(() => {
    const { aws_lambda, aws_s3 } = doubles.sections
    const storage = { backend: 'aws_s3' as const, ...aws_s3 }
    return { workers: 2, backend: 'aws_lambda', storage, aws_lambda: { ...aws_lambda, invocation } }
  }),
})

backendContract('aws_lambda', parts('stream'))

/** What comes by way of the storage, and what is different about it; what is large goes there either way. */
const BY_STORAGE =
  /input order, whatever|prints, in order|keeps class|killed call|with limit and peak|at its timeout|stops busy|not even begun|waits refusals|delivered twice|without gaps/
backendContract('aws_lambda by events', { ...parts('event'), only: BY_STORAGE })
