/** S3 and Lambda as doubles, each in a process of its own, and a product whose workspace may be connected to them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Product, startProduct } from '../infra/lib/servers.mjs'

interface Server {
  endpoint: string
  credentials: { accessKeyId: string; secretAccessKey: string }
}

export interface Cloud {
  s3: Server
  lambda: Server
  /** The sections of a configuration that is connected. */
  sections: {
    aws_lambda: { environment: Record<string, string>; region: string; role: string; endpoint: string }
    aws_s3: { region: string; bucket: string; endpoint: string; accessKeyId: string; secretAccessKey: string }
  }
  close(): Promise<void>
}

const ROLE = 'arn:aws:iam::123456789012:role/mayfly'
/** Variables that the product finds the doubles' keys in, as a user would set them. */
const KEYS = { id: 'MAYFLY_E2E_S3_ID', secret: 'MAYFLY_E2E_S3_SECRET' }

/** Starts both doubles and sets the variables a product needs to reach them; `close` undoes it. */
export async function startCloud(): Promise<Cloud> {
  const children: ChildProcess[] = []
  const start = async (call: string): Promise<Server> => {
    const script = `import { startLambda, startS3 } from '@mayfly/executor/testing'
const double = await ${call}
process.stdout.write(JSON.stringify({ endpoint: double.endpoint, credentials: double.credentials }))
process.stdin.resume().on('end', () => double.close().then(() => process.exit()))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: new URL('..', import.meta.url),
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.push(child)
    const [text] = (await once(child.stdout!, 'data')) as [Buffer]
    return JSON.parse(text.toString()) as Server
  }
  const [s3, lambda] = await Promise.all([
    start("startS3({ buckets: ['mine'] })"),
    start('startLambda({ concurrency: 10 })'),
  ])
  const keys = { [KEYS.id]: s3.credentials.accessKeyId, [KEYS.secret]: s3.credentials.secretAccessKey }
  const set = {
    ...keys,
    AWS_ACCESS_KEY_ID: lambda.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: lambda.credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  Object.assign(process.env, set)
  return {
    s3,
    lambda,
    sections: {
      aws_lambda: { environment: keys, region: 'us-east-1', role: ROLE, endpoint: lambda.endpoint },
      aws_s3: {
        ...{ region: 'us-east-1', bucket: 'mine', endpoint: s3.endpoint },
        ...{ accessKeyId: `{{env.${KEYS.id}}}`, secretAccessKey: `{{env.${KEYS.secret}}}` },
      },
    },
    async close() {
      for (const name of Object.keys(set)) delete process.env[name]
      await Promise.all(
        children.map((child) => {
          child.stdin!.end()
          return once(child, 'close')
        }),
      )
    },
  }
}

export interface Connected {
  product: Product
  workspace: string
  stop(): Promise<void>
}

/** A product on a workspace of its own that sees the variables of the cloud. */
export async function startConnected(port: number): Promise<Connected> {
  const workspace = mkdtempSync(join(tmpdir(), 'mayfly-e2e-cloud-'))
  const product = await startProduct({ workspace, port })
  return {
    product,
    workspace,
    async stop() {
      await product.stop()
      rmSync(workspace, { recursive: true, force: true })
    },
  }
}
