/** For tests: Lambda and S3 in a process of their own, because some tests keep this one busy. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { StorageOptions } from '../../storage/config.js'
import type { AwsLambdaOptions } from './config.js'

const SERVER = `import { startLambda, startS3 } from '@mayfly/executor/testing'
const [lambda, s3] = await Promise.all([startLambda(), startS3({ buckets: ['mayfly'] })])
const tell = ({ endpoint, region, credentials }) => ({ endpoint, region, credentials })
process.stdout.write(JSON.stringify({ lambda: tell(lambda), s3: tell(s3) }))
process.stdin.resume().on('end', async () => {
  await Promise.all([lambda.close(), s3.close()])
  process.exit()
})`

interface Place {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
}

export interface Doubles {
  /** Options of an executor whose functions and objects are there. */
  options: { aws_lambda: AwsLambdaOptions; storage: StorageOptions }
  close(): Promise<void>
}

export const ROLE = 'arn:aws:iam::000000000000:role/mayfly'

/** Also sets the credentials of this process, where the SDK looks for them. */
export async function startDoubles(): Promise<Doubles> {
  const server = spawn(process.execPath, ['--input-type=module', '-e', SERVER], {
    cwd: new URL('.', import.meta.url),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [started] = (await once(server.stdout, 'data')) as [Buffer]
  const { lambda, s3 } = JSON.parse(started.toString()) as { lambda: Place; s3: Place }
  process.env.AWS_ACCESS_KEY_ID = lambda.credentials.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = lambda.credentials.secretAccessKey
  const environment = { S3_ID: s3.credentials.accessKeyId, S3_SECRET: s3.credentials.secretAccessKey }
  Object.assign(process.env, environment)
  return {
    options: {
      aws_lambda: { region: lambda.region, endpoint: lambda.endpoint, role: ROLE, environment },
      storage: {
        ...{ backend: 'aws_s3', endpoint: s3.endpoint, bucket: 'mayfly' },
        ...{ accessKeyId: '{{env.S3_ID}}', secretAccessKey: '{{env.S3_SECRET}}' },
      },
    },
    async close() {
      server.stdin.end()
      await once(server, 'close')
    },
  }
}
