/** A deployment as functions get it. Pure. */
import { MayflyError } from '../../errors.js'
import type { StorageOptions } from '../../storage/storage.js'
import type { Deployment, Resources } from '../backend.js'
import { type AwsLambdaOptions, LONGEST, MARGIN } from './config.js'
import { callMemory } from './sizes.js'

/** Throws what a job asks for and cannot have, before anything is made. */
export function checkDeployment(
  { resources, storage }: Deployment,
  options: AwsLambdaOptions,
  longest = LONGEST,
): void {
  const { timeout } = resources
  if (timeout !== undefined && timeout > longest - MARGIN) {
    throw new MayflyError(
      'E_CONFIG_VALUE',
      `timeout: a call on Lambda can run ${longest - MARGIN} s, not ${timeout} s`,
      {
        hint: `Give each call less to do; functions are stopped after ${longest} s.`,
        where: { key: 'timeout' },
      },
    )
  }
  const { backend = 'localhost' } = storage
  // The double runs on this machine.
  if (options.endpoint || (backend !== 'localhost' && backend !== 'memory')) return
  throw new MayflyError('E_LAMBDA_STORAGE', `Functions on AWS cannot reach the ${backend} storage of this machine`, {
    hint: "Give the executor storage: { backend: 'aws_s3', region: …, bucket: … }.",
    where: { key: 'storage' },
  })
}

/** With the limits of the function it runs on, and a storage that is opened with the function's own rights. */
export function forFunction(
  deployment: Deployment,
  { timeout }: { timeout: number },
  classes: readonly number[] | undefined,
  options: AwsLambdaOptions,
): Deployment {
  const { resources, storage } = deployment
  const longest = timeout - MARGIN
  const limits: Resources = {
    env: resources.env,
    runtimeMemory: callMemory(resources.runtimeMemory, classes),
    timeout: Math.min(resources.timeout ?? longest, longest),
  }
  return { ...deployment, resources: limits, storage: ownRights(storage, options) }
}

/** Profiles and variables of this machine mean nothing there: unless the function has the variables, its role opens the storage. */
function ownRights(storage: StorageOptions, { environment = {} }: AwsLambdaOptions): StorageOptions {
  if (storage.backend !== 'aws_s3') return storage
  const { profile: _profile, accessKeyId, secretAccessKey, sessionToken, ...rest } = storage
  const keys = { accessKeyId, secretAccessKey, sessionToken }
  const given = Object.entries(keys).filter(([, value]) => value !== undefined)
  const names = given.map(([, value]) => /^\{\{env\.(\w+)\}\}$/.exec(value!)?.[1])
  const known = given.length > 0 && names.every((name) => name !== undefined && Object.hasOwn(environment, name))
  return known ? { ...rest, ...Object.fromEntries(given) } : rest
}
