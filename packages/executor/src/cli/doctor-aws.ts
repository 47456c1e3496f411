/**
 * The walk of `mayfly doctor aws`: whether calls can run on Lambda with their data in S3, step by step, each with what to do when
 * it is red. It decides; what it asks of the account comes through `AwsAccess`.
 */
import { formatError, toErrorValue } from '../errors.js'
import type { ExecutorOptions } from '../options.js'
import { type StorageOptions, storageConfig } from '../storage/config.js'
import { Storage } from '../storage/storage.js'
import { type AwsAccess, awsAccess, type Identity, type Settings } from './doctor-aws-access.js'
import {
  advice,
  bad,
  type Finding,
  isAnswer,
  isDenied,
  isRefused,
  isUnreachable,
  statement,
  whatSdkSaid,
} from './doctor-aws-advice.js'
import { bucketStep } from './doctor-aws-bucket.js'
import { callStep, functionStep } from './doctor-aws-call.js'
import type { Check } from './doctor-local.js'

export { awsAccess, sourceName } from './doctor-aws-access.js'

/** All steps in their order, for a page that shows them before anything is known. */
export const AWS_STEPS = [
  { step: 'configuration', name: 'configuration' },
  { step: 'credentials', name: 'credentials' },
  { step: 'region', name: 'region' },
  { step: 'role', name: 'role of the functions' },
  { step: 'bucket', name: 'bucket' },
  { step: 'function', name: 'function' },
  { step: 'call', name: 'test call' },
  { step: 'quota', name: 'concurrency' },
] as const

export type AwsStep = (typeof AWS_STEPS)[number]['step']

/** One step that has ended. */
export interface AwsCheck extends Omit<Check, 'state'> {
  step: AwsStep
  /** `skipped`: a step that it needs is red. */
  state: Check['state'] | 'skipped'
  /** How long it took, ms. */
  ms: number
}

export interface DoctorAwsOptions {
  /** Ends the walk: nothing more is yielded. */
  signal?: AbortSignal
  /** What it looks at. Default: the account that the options name. */
  access?: (settings: Settings) => AwsAccess
}

/** What a step needs to be not red before it is tried. */
const NEEDS: Record<AwsStep, AwsStep[]> = {
  configuration: [],
  credentials: ['configuration'],
  region: ['credentials'],
  role: ['configuration'],
  bucket: ['credentials'],
  function: ['region', 'role'],
  call: ['bucket', 'function'],
  quota: ['region'],
}

/**
 * Checks what `options` say about `aws_lambda` and its storage against the account: one check for each of `AWS_STEPS`, in that
 * order, as each ends. Never throws. Deploys the function if there is none, makes two calls, and writes and deletes one object.
 * No check holds a secret.
 */
export async function* doctorAws(
  options: ExecutorOptions,
  { signal, access: open = awsAccess }: DoctorAwsOptions = {},
): AsyncGenerator<AwsCheck, void, undefined> {
  const red = new Set<AwsStep>()
  let access: AwsAccess | undefined
  const opened = () => (access ??= open(settingsOf(options)))
  try {
    for (const { step, name } of AWS_STEPS) {
      const missing = NEEDS[step].find((needed) => red.has(needed))
      if (missing) {
        red.add(step)
        yield { step, name, state: 'skipped', says: `not tried: ${nameOf(missing)} first`, ms: 0 }
        continue
      }
      const began = performance.now()
      const work = async () => STEPS[step](opened(), options)
      const fault = (error: unknown) => (access ? advice(error, access.settings) : unconfigured(error))
      const finding = await unlessAborted(signal, work().catch(fault))
      if (!finding) return
      if (finding.state === 'bad') red.add(step)
      yield { step, name, ...finding, ms: Math.round(performance.now() - began) }
    }
  } finally {
    await access?.close()
  }
}

const STEPS: Record<AwsStep, (access: AwsAccess, options: ExecutorOptions) => Finding | Promise<Finding>> = {
  configuration: ({ settings: { lambda, storage } }) => {
    const where = lambda.region === storage.region ? lambda.region : `${lambda.region}, bucket in ${storage.region}`
    const ahead = Object.values(lambda.functions ?? {}).join(', ')
    const says = `functions ${ahead || `${lambda.functionPrefix ?? 'mayfly'}-*`}, bucket ${storage.bucket}, ${where}`
    if (lambda.region === storage.region || storage.endpoint) return { state: 'good', says }
    return {
      state: 'note',
      says,
      fix: 'Data between regions costs money and time: use a bucket in the region of the functions.',
    }
  },

  credentials: async (access) => {
    const found = await access.credentials()
    const { source, expires } = found
    const refused = await access.account().then(
      () => undefined,
      (error: unknown) => error,
    )
    if (refused && isRefused(refused)) return advice(refused, access.settings)
    if (expires && expires.getTime() - Date.now() < SOON_MS) {
      const fix = 'They end soon: sign in again before a long run.'
      return { state: 'note', says: `${source}, until ${expires.toISOString()}`, fix }
    }
    return { state: 'good', says: source }
  },

  region: async (access) => {
    const { region, endpoint } = access.settings.lambda
    const failed = await access.account().then(
      () => undefined,
      (error: unknown) => error,
    )
    // Whoever says no is there.
    if (!failed || isAnswer(failed)) return { state: 'good', says: `${endpoint ?? region} answers` }
    if (!isUnreachable(failed)) return advice(failed, access.settings)
    const what = endpoint ?? `AWS Lambda in ${region}`
    const fix = endpoint
      ? `Correct or remove "endpoint" of aws_lambda, or start the server at ${endpoint}.`
      : `Correct "region" of aws_lambda if ${region} is not one of AWS's; else look at the network and at HTTPS_PROXY.`
    return bad(`${what} does not answer (${whatSdkSaid(failed)})`, fix)
  },

  role: async (access) => {
    const { role, region } = access.settings.lambda
    if (!role) return { state: 'good', says: 'that of the functions, which were deployed ahead' }
    const [, partition, , , account] = role.split(':')
    const own = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws'
    if (partition !== own)
      return bad(`${role} is of the partition ${partition}`, `In ${region} roles begin with arn:${own}:iam.`)
    const { account: caller } = await access.credentials().catch((): Partial<Identity> => ({}))
    if (caller && caller !== account) {
      return bad(
        `${role} is of account ${account}, the credentials are of ${caller}`,
        'Use a role of the same account, or other credentials.',
      )
    }
    return { state: 'good', says: `${role}; the steps below try it` }
  },

  bucket: bucketStep,
  function: functionStep,
  call: callStep,

  quota: async (access, { workers = 1000 }) => {
    try {
      const { concurrency, unreserved } = await access.account()
      const says = `${concurrency} calls at once in this account and region, ${unreserved} not reserved`
      if (unreserved >= workers) return { state: 'good', says }
      const more = `aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value ${workers} --region ${access.settings.lambda.region}`
      const fix = `Up to ${workers} calls at a time are wanted; those beyond ${unreserved} wait their turn. Set "workers": ${unreserved}, or ask for more:\n${more}`
      return { state: 'note', says, fix }
    } catch (error) {
      if (!isDenied(error)) return advice(error, access.settings)
      const fix = `To see it, add to the policy of these credentials:\n${statement('lambda:GetAccountSettings', '*')}`
      return { state: 'note', says: 'these credentials may not read it', fix }
    }
  },
}

const SOON_MS = 15 * 60_000

/** What the options say of AWS. Throws a MayflyError whose hint is a section to copy. */
function settingsOf(options: ExecutorOptions): Settings {
  const { aws_lambda: lambda, storage } = options
  if (!lambda) throw new Missing('There is no section aws_lambda in the configuration')
  const named = typeof storage === 'string' && !storage.includes('://')
  const given = named ? ({ backend: storage } as StorageOptions) : storage
  const config = given instanceof Storage ? given.config : storageConfig(given)
  if (config.backend !== 'aws_s3') {
    throw new Missing(`The storage is ${config.backend}, and what functions on Lambda can reach is S3`)
  }
  return { lambda, storage: config, options }
}

/** A configuration that lacks a section. */
class Missing extends Error {}

const EXAMPLE = {
  aws_lambda: { region: 'eu-central-1', role: 'arn:aws:iam::123456789012:role/mayfly' },
  aws_s3: { region: 'eu-central-1', bucket: 'my-bucket' },
}

function nameOf(step: AwsStep): string {
  return AWS_STEPS.find((one) => one.step === step)!.name
}

/** Undefined once the signal is aborted. */
async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T | undefined> {
  if (signal?.aborted) return undefined
  let stop = () => {}
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined)
    signal?.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([aborted, work])
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

function unconfigured(error: unknown): Finding {
  const { hint, ...value } = toErrorValue(error)
  if (!(error instanceof Missing)) return bad(formatError(value), hint)
  const example = JSON.stringify(EXAMPLE, null, 2)
  return bad(
    value.message,
    `\`npm run deploy:aws\` prints what belongs into mayfly.config.json, of this form:\n${example}`,
  )
}
