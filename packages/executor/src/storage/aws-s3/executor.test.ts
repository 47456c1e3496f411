/** The executor's contract with its data on S3: workers are processes of this machine, everything else goes through the storage. */
import { type Apart, startApart } from '@mayfly/executor/testing'
import { afterAll, beforeAll } from 'vitest'
import { backendContract } from '../../backends/contract.js'
import { contractParts } from '../../backends/contract-parts.js'

// A process of its own: some tests keep this one busy.
let s3: Apart<'s3'>
beforeAll(async () => {
  s3 = await startApart('s3', { buckets: ['mayfly'] })
  process.env.MAYFLY_TEST_S3_ID = s3.credentials.accessKeyId
  process.env.MAYFLY_TEST_S3_SECRET = s3.credentials.secretAccessKey
})
afterAll(() => s3.close())

const storage = () => ({
  ...{ backend: 'aws_s3' as const, endpoint: s3.endpoint },
  ...{ accessKeyId: '{{env.MAYFLY_TEST_S3_ID}}', secretAccessKey: '{{env.MAYFLY_TEST_S3_SECRET}}' },
})
const parts = contractParts(() => ({ storage: storage() }))
backendContract('localhost with aws_s3', { remoteStorage: true, ...parts })
