/**
 * `npm run deploy:aws -- --dry-run` as it is typed: what it prints is what an executor takes, and what it would deploy serves
 * calls, put into the double of Lambda as the template says.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateFunctionCommand, type CreateFunctionCommandInput, LambdaClient } from '@aws-sdk/client-lambda'
import { configInForce, type ExecutorOptions, prices } from '@mayfly/executor'
import { doctorAws } from '@mayfly/executor/doctor'
import { startLambda, startS3 } from '@mayfly/executor/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examplePrices } from './price.js'
import type { section } from './section.js'

const SCRIPT = fileURLToPath(new URL('../deploy.mjs', import.meta.url))
const ASSEMBLY = fileURLToPath(new URL('../dist/deploy/cdk.out/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'mayfly-deploy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function deploy(
  args: string[],
  more: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  // Nothing to connect with: a dry run must not need it.
  const { AWS_REGION: _region, AWS_DEFAULT_REGION: _default, ...env } = process.env
  const none = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: join(folder, 'none'), AWS_PROFILE: 'nobody' }
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [SCRIPT, ...args],
      { cwd: folder, env: { ...env, ...none, ...more } },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    ),
  )
}

interface Template {
  Resources: Record<string, { Type: string; Properties: CreateFunctionCommandInput & { Code: { S3Key: string } } }>
}

describe('a dry run', () => {
  let run: Awaited<ReturnType<typeof deploy>>
  let printed: ReturnType<typeof section>
  let functions: Template['Resources'][string]['Properties'][]

  beforeAll(async () => {
    run = await deploy(['--dry-run', '--region', 'us-east-1', '--memory', '512, 1769', '--prefixes', 'mine/'])
    const head = 'For mayfly.config.json:'
    printed = JSON.parse(run.out.slice(run.out.indexOf(head) + head.length))
    const { Resources }: Template = JSON.parse(readFileSync(join(ASSEMBLY, 'mayfly.template.json'), 'utf8'))
    const ours = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function')
    functions = ours.map(({ Properties }) => Properties)
  })

  it('says what it would make, of the worker of this installation', () => {
    expect([run.code, run.err]).toEqual([0, expect.stringContaining('Synthesize and check')])
    expect(run.out).toMatch(/ 2 AWS::Lambda::Function\n/)
    expect(run.out).toContain('No budget alarm: give --email to have one.')
    const hash = /worker (\w{12}):/.exec(run.out)?.[1]
    expect(functions.map(({ Environment }) => Environment?.Variables)).toEqual(Array(2).fill({ MAYFLY_WORKER: hash }))
    expect(readFileSync(join(ASSEMBLY, 'mayfly.template.json'), 'utf8')).toContain('/mine/*')
  })

  it('prints a section by which the functions are used as they are; the doctor finds everything green', async () => {
    const keys = { accessKeyId: 'double', secretAccessKey: 'double' }
    const lambda = await startLambda({ role: keys })
    const s3 = await startS3({ buckets: ['the-bucket'], credentials: keys })
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey })
    const client = new LambdaClient({ region: 'us-east-1', endpoint: lambda.endpoint })
    try {
      for (const { Tags: _tags, LoggingConfig: _log, Code, ...rest } of functions) {
        const made = {
          ...{ ...rest, Role: 'arn:aws:iam::000000000000:role/mayfly' },
          Code: { ZipFile: readFileSync(join(ASSEMBLY, `asset.${Code.S3Key}`)) },
        }
        await client.send(new CreateFunctionCommand(made))
      }
      const given = {
        ...{ backend: 'aws_lambda', home: folder, workers: 4 },
        aws_lambda: { ...printed.aws_lambda, endpoint: lambda.endpoint },
        aws_s3: { ...printed.aws_s3, endpoint: s3.endpoint, bucket: 'the-bucket' },
      }
      const { options } = configInForce(given as ExecutorOptions, { cwd: folder, env: {} })
      const found: string[] = []
      for await (const { state, says } of doctorAws(options)) found.push(`${state}: ${says}`)
      expect(found.filter((line) => !line.startsWith('good: '))).toEqual([])
      expect(found).toContain('good: mayfly-1769, 1769 MB, nodejs24.x: there')
      expect(found).toContain('good: that of the functions, which were deployed ahead')
    } finally {
      client.destroy()
      await Promise.all([lambda.close(), s3.close()])
    }
  })

  it('needs credentials only when it is none', async () => {
    const { code, err } = await deploy(['--region', 'us-east-1'], { AWS_PROFILE: 'nobody' })
    expect([code, err]).toEqual([1, expect.stringMatching(/credentials.*\n {2}→ aws configure sso/)])
    expect(err).not.toContain('Synthesize')
  })

  it('says which option is wrong, and how it is used', async () => {
    const { code, err } = await deploy(['--dry-run', '--regoin', 'eu-west-1'])
    expect([code, err]).toEqual([2, expect.stringMatching(/^Unknown option '--regoin'[\s\S]*--region REGION/)])
  })
})

it('a deployment bootstraps, shows the differences, deploys with the pinned CLI, and prints what came out', async () => {
  // Stands for the CLI, which nobody can run without an account: it notes what it was asked, and writes the outputs.
  const cli = `#!/bin/sh
echo "$@" >> ${folder}/asked
while [ $# -gt 0 ]; do [ "$1" = --outputs-file ] && echo '{"lab":{"Bucket":"lab-data-1","CallerPolicy":"arn:…:policy/c"}}' > "$2"; shift; done
exit 0
`
  writeFileSync(join(folder, 'npx'), cli, { mode: 0o755 })
  const { code, out } = await deploy(['--region', 'us-east-1', '--name', 'lab', '--memory', '512', '--yes'], {
    ...{ PATH: `${folder}:${process.env.PATH}`, AWS_PROFILE: '' },
    ...{ AWS_ACCESS_KEY_ID: 'AKIATESTTESTTESTTEST', AWS_SECRET_ACCESS_KEY: 'hush' },
  })
  expect(code).toBe(0)
  const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n')
  expect(asked.map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(
    ['bootstrap', 'diff', 'deploy'].map((command) => `--yes aws-cdk@2.1148.1 ${command}`),
  )
  expect(asked.every((line) => line.includes(`--app ${ASSEMBLY.slice(0, -1)} `))).toBe(true)
  expect(out).toContain('Credentials: environment variables')
  expect(out).toContain('"bucket": "lab-data-1"')
  expect(out).toContain('no more rights than the policy arn:…:policy/c')
  expect(out).not.toContain('hush')
})

describe('the price of an example', () => {
  it('follows from the table of prices', () => {
    const [demo, published] = examplePrices()
    const { gbSecond, request } = prices().aws_lambda
    const { put, get, list } = prices().aws_s3
    expect(demo!.compute).toBeCloseTo(15.01 * gbSecond + 130 * request, 9)
    expect(demo!.storage).toBeCloseTo(395 * put + 1808 * get + 25 * list, 12)
    expect(published!.gbSeconds).toBeCloseTo(0.227 / 0.000017, 6)
    expect(published!.compute).toBeCloseTo(published!.gbSeconds * gbSecond + 1588 * request, 6)
    expect(published!.total / published!.published!).toBeGreaterThan(0.5)
    expect(published!.total / published!.published!).toBeLessThan(1.5)
    expect(examplePrices('arm64')[1]!.compute).toBeLessThan(published!.compute)
  })

  it('is what docs/aws.md says', () => {
    const page = readFileSync(new URL('../../../docs/aws.md', import.meta.url), 'utf8')
    for (const { calls, gbSeconds, compute, storage, total } of examplePrices()) {
      const [functions, requests, together] = [compute, storage, total].map((usd) => `$${Number(usd.toPrecision(2))}`)
      const row = `| ${calls} | ${gbSeconds.toFixed(0)} | ${functions} | ${requests} | **${together}** |`
      expect(page).toContain(row)
    }
  })
})
