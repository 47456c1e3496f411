/** The walk against the doubles of S3 and Lambda, as a user sees it; what it makes of each error. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ExecutorOptions, Storage, type StorageOptions } from '@mayfly/executor'
import { AWS_STEPS, type AwsCheck, awsAccess, doctorAws } from '@mayfly/executor/doctor'
import { type LambdaDouble, type S3Double, startLambda, startS3 } from '@mayfly/executor/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MayflyError } from '../errors.js'
import { sourceName } from './doctor-aws-access.js'
import { advice } from './doctor-aws-advice.js'
import { skewOf } from './doctor-aws-call.js'

const BIN = fileURLToPath(new URL('../../../../infra/cli/mayfly.mjs', import.meta.url))
const ROLE = 'arn:aws:iam::000000000000:role/mayfly'
const home = mkdtempSync(join(tmpdir(), 'mayfly-doctor-'))
let s3: S3Double
let lambda: LambdaDouble

beforeAll(async () => {
  s3 = await startS3({ buckets: ['mine'] })
  lambda = await startLambda({ concurrency: 10 })
  Object.assign(process.env, {
    ...{ AWS_ACCESS_KEY_ID: lambda.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: lambda.credentials.secretAccessKey },
    ...{ MAYFLY_TEST_ID: s3.credentials.accessKeyId, MAYFLY_TEST_SECRET: s3.credentials.secretAccessKey },
    ...{ MAYFLY_TEST_WRONG: 'not/the/secret', AWS_EC2_METADATA_DISABLED: 'true' },
  })
})
afterAll(async () => {
  await Promise.all([s3.close(), lambda.close()])
  rmSync(home, { recursive: true, force: true })
})

function configured(change: { aws_lambda?: object; storage?: object } = {}): ExecutorOptions {
  const { MAYFLY_TEST_ID = '', MAYFLY_TEST_SECRET = '' } = process.env
  return {
    ...{ home, workers: 10 },
    aws_lambda: {
      ...{ region: 'us-east-1', role: ROLE, endpoint: lambda.endpoint, memoryClasses: [512] },
      ...{ environment: { MAYFLY_TEST_ID, MAYFLY_TEST_SECRET }, ...change.aws_lambda },
    },
    storage: {
      ...{ backend: 'aws_s3', endpoint: s3.endpoint, bucket: 'mine' },
      ...{ accessKeyId: '{{env.MAYFLY_TEST_ID}}', secretAccessKey: '{{env.MAYFLY_TEST_SECRET}}', ...change.storage },
    },
  } as ExecutorOptions
}

async function walk(options: ExecutorOptions): Promise<Record<AwsCheck['step'], AwsCheck>> {
  const found: AwsCheck[] = []
  for await (const check of doctorAws(options)) found.push(check)
  expect(found.map(({ step, name }) => ({ step, name }))).toEqual(AWS_STEPS)
  return Object.fromEntries(found.map((check) => [check.step, check])) as Record<AwsCheck['step'], AwsCheck>
}

const states = (checks: Record<string, AwsCheck>) => Object.values(checks).map(({ state }) => state)

function command(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const options = { cwd: home, env: { ...process.env, XDG_CONFIG_HOME: home, MAYFLY_HOME: home, ...env } }
    execFile(process.execPath, [BIN, 'doctor', 'aws', ...args], options, (error, out) =>
      resolve({ code: error ? Number(error.code) : 0, out }),
    )
  })
}

describe('an account that is connected', () => {
  it('is green from credentials to quota, and nothing of the walk stays in the bucket', async () => {
    writeFileSync(join(home, 'mayfly.config.json'), JSON.stringify({ ...configured(), home: undefined }))
    const { code, out } = await command([])
    expect(out.split('\n').map((line) => line.slice(0, 1))).toEqual([...'✓✓✓✓✓✓✓✓', ''])
    expect(code).toBe(0)
    expect(out).toMatch(/✓ credentials: environment variables/)
    expect(out).toMatch(/✓ bucket: mine: one object written, refused a second time, read, listed and deleted/)
    expect(out).toMatch(/✓ function: mayfly-\S+, 512 MB, nodejs\S+: deployed now/)
    expect(out).toMatch(/✓ test call: cold [\d.]+ m?s, warm [\d.]+ m?s, clocks agree/)
    expect(out).toMatch(/✓ concurrency: 10 calls at once/)
    for (const secret of [s3.credentials.accessKeyId, s3.credentials.secretAccessKey]) expect(out).not.toContain(secret)
    await using storage = new Storage(configured().storage as StorageOptions)
    const keys = await storage.listKeys('mine')
    expect(keys.filter((key) => !/^(code|data|cleaner)\//.test(key))).toEqual([])
  })

  it('tells a program, too, finds the function that is there, and says when more workers are set than calls can run', async () => {
    const { code, out } = await command(['--json'], { MAYFLY_WORKERS: '1000' })
    const checks: AwsCheck[] = JSON.parse(out)
    expect([code, checks.map(({ state }) => state).join(' ')]).toEqual([0, 'good good good good good good good note'])
    expect(checks.find(({ step }) => step === 'function')?.says).toMatch(/: there$/)
    expect(checks.at(-1)?.fix).toContain('--quota-code L-B99A9384 --desired-value 1000 --region us-east-1')
  })
})

it('waits where others ask as much of the account as it allows', async () => {
  const busy = await startLambda({ controlPerSecond: 2 })
  try {
    const checks = await walk(configured({ aws_lambda: { endpoint: busy.endpoint } }))
    expect([checks.function.state, checks.call.state]).toEqual(['good', 'good'])
  } finally {
    await busy.close()
  }
})

it('with a profile here and a role there, nothing secret is configured', async () => {
  const keys = { accessKeyId: 'double', secretAccessKey: 'double' }
  const [there, data] = await Promise.all([
    startLambda({ role: keys }),
    startS3({ buckets: ['mine'], credentials: keys }),
  ])
  const file = join(home, 'credentials')
  writeFileSync(file, '[lab]\naws_access_key_id = double\naws_secret_access_key = double\n')
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = process.env
  delete process.env.AWS_ACCESS_KEY_ID
  process.env.AWS_SHARED_CREDENTIALS_FILE = file
  try {
    const checks = await walk({
      ...{ home, workers: 10 },
      aws_lambda: { region: 'us-east-1', role: ROLE, profile: 'lab', endpoint: there.endpoint, memoryClasses: [512] },
      storage: { backend: 'aws_s3', endpoint: data.endpoint, bucket: 'mine', profile: 'lab' },
    })
    expect(Object.values(checks).filter(({ state }) => state !== 'good')).toEqual([])
    expect(checks.credentials.says).toBe('the profile lab')
  } finally {
    delete process.env.AWS_SHARED_CREDENTIALS_FILE
    Object.assign(process.env, { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY })
    await Promise.all([there.close(), data.close()])
  }
})

describe('what is wrong', () => {
  it('is shown with the exact fix, later steps are not tried, and the exit code is 1', async () => {
    rmSync(join(home, 'mayfly.config.json'), { force: true })
    const { code, out } = await command([])
    expect(code).toBe(1)
    expect(out).toMatch(/^✗ configuration: There is no section aws_lambda.*\n {4}→ `npm run deploy:aws` prints/)
    expect(out).toMatch(/– credentials: not tried: configuration first\n(– .*\n){6}$/)
    const local = await walk({ ...configured(), storage: 'localhost' })
    expect(local.configuration.says).toContain('The storage is localhost, and what functions on Lambda can reach is S3')
  })

  it('may be the bucket', async () => {
    const missing = await walk(configured({ storage: { bucket: 'absent' } }))
    expect(missing.bucket).toMatchObject({
      says: 'E_STORAGE_NO_BUCKET: There is no bucket absent',
      fix: 'Make the bucket:\naws s3api create-bucket --bucket absent --region us-east-1',
    })
    expect(states(missing)).toEqual(['good', 'good', 'good', 'good', 'bad', 'good', 'skipped', 'good'])
    const elsewhere = await walk(configured({ storage: { region: 'eu-west-1' } }))
    expect(elsewhere.bucket.fix).toBe('The bucket is in us-east-1: set "region" of the storage to that.')
    const secret = await walk(configured({ storage: { secretAccessKey: '{{env.MAYFLY_TEST_WRONG}}' } }))
    expect([secret.bucket.says, secret.bucket.fix]).toEqual([
      expect.stringContaining('SignatureDoesNotMatch'),
      'The secret access key is not the one of this access key.',
    ])
    expect(JSON.stringify(secret)).not.toContain('not/the/secret')
  })

  it('may be the credentials, the region or the role', async () => {
    const key = process.env.AWS_ACCESS_KEY_ID
    process.env.AWS_ACCESS_KEY_ID = 'unknown'
    const unknown = await walk(configured())
    expect(unknown.credentials.says).toMatch(/^UnrecognizedClientException: /)
    expect(states(unknown)).toEqual(['good', 'bad', 'skipped', 'good', ...Array(4).fill('skipped')])
    delete process.env.AWS_ACCESS_KEY_ID
    const none = await walk(configured())
    expect([none.credentials.state, none.credentials.fix]).toEqual(['bad', expect.stringContaining('aws configure')])
    expect(none.role.state).toBe('good')
    process.env.AWS_ACCESS_KEY_ID = key

    const nobody = await walk(configured({ aws_lambda: { endpoint: 'http://127.0.0.1:9' } }))
    expect(nobody.region).toMatchObject({ state: 'bad', fix: expect.stringContaining('"endpoint"') })
    expect(nobody.region.says).toMatch(/^http:\/\/127\.0\.0\.1:9 does not answer \(.*ECONNREFUSED/)
    expect(nobody.bucket.state).toBe('good')
    const china = await walk(configured({ aws_lambda: { region: 'cn-north-1' }, storage: { region: 'cn-north-1' } }))
    expect(china.role.fix).toBe('In cn-north-1 roles begin with arn:aws-cn:iam.')
  })

  it('may be a function deployed ahead that is not there', async () => {
    const absent = await walk(
      configured({ aws_lambda: { role: undefined, memoryClasses: undefined, functions: { 512: 'mayfly-512' } } }),
    )
    expect(absent.configuration.says).toBe('functions mayfly-512, bucket mine, us-east-1')
    expect(absent.function.says).toMatch(/^E_LAMBDA_FUNCTION: .*mayfly-512/)
    expect([absent.role.state, absent.function.fix]).toEqual(['good', expect.stringContaining('npm run deploy:aws')])
  })

  it('may be that there is no room for a call', async () => {
    lambda.faults.throttle = Number.POSITIVE_INFINITY
    const found: AwsCheck[] = []
    const impatient = doctorAws(configured(), { access: (settings) => awsAccess(settings, 1) })
    for await (const check of impatient) found.push(check)
    lambda.faults.throttle = 0
    expect(found.filter(({ state }) => state === 'bad').map(({ says }) => says)).toEqual(['no answer in time'])
    expect(found.at(-2)).toMatchObject({ step: 'call', state: 'bad', says: 'no answer in time' })
    expect(found.at(-2)?.fix).toContain('get-account-settings --region us-east-1')
  })

  it('ends with the signal, also in the middle of a step', async () => {
    const stop = new AbortController()
    const found: string[] = []
    for await (const { step } of doctorAws(configured(), { signal: stop.signal })) {
      found.push(step)
      if (step === 'role') setTimeout(() => stop.abort())
    }
    expect(found.at(-1)).toMatch(/role|bucket/)
  })
})

describe('an error of AWS', () => {
  const settings = {
    lambda: { region: 'eu-west-1', role: 'arn:aws:iam::123456789012:role/mayfly' },
    storage: { backend: 'aws_s3' as const, bucket: 'mine', region: 'eu-west-1' },
    options: {},
  }
  const sdk = (name: string, message: string) => Object.assign(new Error(message), { name })
  const wrapped = (cause: Error) => new MayflyError('E_LAMBDA', `AWS Lambda refused: ${cause.message}`, { cause })
  const user = 'User: arn:aws:iam::123456789012:user/me is not authorized to perform'

  it('that says what is not allowed becomes the statement to add, for all functions of the prefix', () => {
    const error = sdk(
      'AccessDeniedException',
      `${user}: lambda:CreateFunction on resource: arn:aws:lambda:eu-west-1:123456789012:function:mayfly-0123-x86-512 because no identity-based policy allows the action`,
    )
    const { says, fix } = advice(wrapped(error), settings)
    expect(says).toBe('not allowed: lambda:CreateFunction')
    expect(JSON.parse(fix!.split('\n')[1]!)).toEqual({
      ...{ Effect: 'Allow', Action: 'lambda:CreateFunction' },
      Resource: 'arn:aws:lambda:eu-west-1:123456789012:function:mayfly-*',
    })
  })

  it('about handing on the role is for Lambda only', () => {
    const error = sdk('AccessDeniedException', `${user}: iam:PassRole on resource: ${settings.lambda.role} because`)
    expect(JSON.parse(advice(wrapped(error), settings).fix!.split('\n')[1]!)).toEqual({
      ...{ Effect: 'Allow', Action: 'iam:PassRole', Resource: settings.lambda.role },
      Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
    })
  })

  it('about the bucket names what is needed of it, and of whom', () => {
    const denied = sdk('AccessDenied', 'Access Denied')
    const { fix } = advice(
      new MayflyError('E_S3', 'PutObject of mine/a: AccessDenied', { cause: denied }),
      settings,
      'role',
    )
    const [head, ...rest] = fix!.split('\n')
    expect(head).toBe('Add to the policy of the role of the functions:')
    const [objects, list] = JSON.parse(`[${rest.join('')}]`)
    expect(objects.Resource).toBe('arn:aws:s3:::mine/*')
    expect(list).toEqual({ Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::mine' })
  })

  it('is told by its first line: the others show what was signed, and so the session token', () => {
    const said = 'The signature does not match.\n\nThe Canonical String …\nx-amz-security-token:IQoJb3Jp'
    const found = advice(wrapped(sdk('InvalidSignatureException', said)), settings)
    expect(found.says).toBe('InvalidSignatureException: The signature does not match.')
  })

  it.each([
    [
      'InvalidParameterValueException',
      'The role defined for the function cannot be assumed by Lambda.',
      /sts:AssumeRole/,
    ],
    ['CodeStorageExceededException', 'Code storage limit exceeded.', /runtime delete/],
    ['CredentialsProviderError', 'The SSO session associated with this profile has expired.', /aws sso login/],
    ['ExpiredTokenException', 'The security token included in the request is expired', /Sign in again/],
    ['PermanentRedirect', 'The bucket must be addressed using the specified endpoint', /another region/],
  ])('%s has its own fix', (name, message, fix) => {
    const found = advice(wrapped(sdk(name, message)), settings)
    expect([found.state, found.fix]).toEqual(['bad', expect.stringMatching(fix)])
  })
})

it('clocks are compared within what the round trip allows', () => {
  const call = (sent: number, at: number, received: number) => ({ ms: 0, cold: false, sent, at, received })
  expect(skewOf([call(1000, 1500, 2000), call(3000, 3001, 3002)])).toBe(0)
  expect(skewOf([call(1000, 5000, 6000), call(7000, 12_000, 7100)])).toBe(4900)
  expect(skewOf([call(10_000, 4000, 11_000)])).toBe(-6000)
})

it('sources of credentials have names that people use', () => {
  expect(sourceName(['CREDENTIALS_ENV_VARS'])).toBe('environment variables')
  expect(sourceName(['CREDENTIALS_PROFILE_SSO', 'CREDENTIALS_SSO'], 'lab')).toBe('single sign-on of the profile lab')
  expect(sourceName(['CREDENTIALS_PROFILE'])).toBe('the profile default')
  expect(sourceName(['CREDENTIALS_IMDS'])).toBe("the machine's role")
})
