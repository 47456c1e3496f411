/** The functions of the stack as the executor uses them: what the template says of one is put into the double of Lambda. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateFunctionCommand, type CreateFunctionCommandInput, LambdaClient } from '@aws-sdk/client-lambda'
import { configInForce, type ExecutorOptions } from '@mayfly/executor'
import { doctorAws } from '@mayfly/executor/doctor'
import { startLambda, startS3 } from '@mayfly/executor/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { section } from './section.js'
import { synthesize } from './synth.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-ahead-'))
let lambda: Awaited<ReturnType<typeof startLambda>>
let s3: Awaited<ReturnType<typeof startS3>>

beforeAll(async () => {
  lambda = await startLambda()
  s3 = await startS3({ buckets: ['the-bucket'] })
  Object.assign(process.env, {
    ...{ AWS_ACCESS_KEY_ID: lambda.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: lambda.credentials.secretAccessKey },
    ...{ MAYFLY_TEST_ID: s3.credentials.accessKeyId, MAYFLY_TEST_SECRET: s3.credentials.secretAccessKey },
  })
})
afterAll(async () => {
  await Promise.all([lambda.close(), s3.close()])
  rmSync(folder, { recursive: true, force: true })
})

interface Template {
  Resources: Record<string, { Type: string; Properties: CreateFunctionCommandInput & { Code: { S3Key: string } } }>
}

/** What the role would give on AWS: the double has no roles. */
const rights = () => ({
  MAYFLY_TEST_ID: process.env.MAYFLY_TEST_ID!,
  MAYFLY_TEST_SECRET: process.env.MAYFLY_TEST_SECRET!,
})

it('are taken as they are, by the section that is printed; the doctor finds everything green', async () => {
  const { settings, assembly } = await synthesize({ region: 'us-east-1', memory: [512, 1769] }, folder)
  const { Resources }: Template = JSON.parse(readFileSync(join(assembly, 'mayfly.template.json'), 'utf8'))
  const client = new LambdaClient({ region: 'us-east-1', endpoint: lambda.endpoint })
  for (const { Type, Properties } of Object.values(Resources)) {
    if (Type !== 'AWS::Lambda::Function') continue
    const { Tags: _tags, LoggingConfig: _log, Code, Environment, ...rest } = Properties
    const made = {
      ...{ ...rest, Role: 'arn:aws:iam::000000000000:role/mayfly' },
      Code: { ZipFile: readFileSync(join(assembly, `asset.${Code.S3Key}`)) },
      Environment: { Variables: { ...Environment!.Variables, ...rights() } },
    }
    await client.send(new CreateFunctionCommand(made))
  }
  const printed = section(settings, { Bucket: 'the-bucket' })
  const given = {
    ...{ backend: printed.backend, home: folder, workers: 4 },
    aws_lambda: { ...printed.aws_lambda, endpoint: lambda.endpoint, environment: rights() },
    storage: {
      ...{ ...printed.storage, endpoint: s3.endpoint },
      ...{ accessKeyId: '{{env.MAYFLY_TEST_ID}}', secretAccessKey: '{{env.MAYFLY_TEST_SECRET}}' },
    },
  }
  const { options } = configInForce(given as ExecutorOptions, { cwd: folder, env: {} })
  const found: string[] = []
  for await (const { state, says } of doctorAws(options)) found.push(`${state}: ${says}`)
  expect(found.filter((line) => !line.startsWith('good: '))).toEqual([])
  expect(found).toContain('good: mayfly-1769, 1769 MB, nodejs24.x: there')
  expect(found).toContain('good: that of the functions, which were deployed ahead')
  client.destroy()
})
