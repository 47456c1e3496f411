/** The executor's contract with its data on S3: workers are processes of this machine, everything else goes through the storage. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { S3Double } from '@mayfly/executor/testing'
import { afterAll } from 'vitest'
import { backendContract } from '../../backends/contract.js'
import { contractParts } from '../../backends/contract-parts.js'

// A process of its own: some tests keep this one busy.
const SERVER = `import { startS3 } from '@mayfly/executor/testing'
const { endpoint, credentials } = await startS3({ buckets: ['mayfly'] })
process.stdout.write(JSON.stringify({ endpoint, credentials }))
process.stdin.resume().on('end', () => process.exit())`
const server = spawn(process.execPath, ['--input-type=module', '-e', SERVER], {
  cwd: new URL('.', import.meta.url),
  stdio: ['pipe', 'pipe', 'inherit'],
})
const [started] = (await once(server.stdout, 'data')) as [Buffer]
const s3 = JSON.parse(started.toString()) as Pick<S3Double, 'endpoint' | 'credentials'>
process.env.MAYFLY_TEST_S3_ID = s3.credentials.accessKeyId
process.env.MAYFLY_TEST_S3_SECRET = s3.credentials.secretAccessKey
const storage = {
  ...{ backend: 'aws_s3' as const, endpoint: s3.endpoint },
  ...{ accessKeyId: '{{env.MAYFLY_TEST_S3_ID}}', secretAccessKey: '{{env.MAYFLY_TEST_S3_SECRET}}' },
}
afterAll(async () => {
  server.stdin.end()
  await once(server, 'close')
})

backendContract('localhost with aws_s3', { remoteStorage: true, ...contractParts(() => ({ storage })) })
