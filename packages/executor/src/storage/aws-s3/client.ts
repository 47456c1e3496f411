/** The SDK's client as we want it: no retries of its own, sockets for the concurrency, checksums by `compat`. */
import { createHash } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { resolveEnv } from '../env.js'
import type { AwsS3Config } from './options.js'
import { quietSdk } from './quiet.js'

/** Requests under way at once; more wait. */
export const SOCKETS = 256

export function makeClient(config: AwsS3Config, checksums?: 'WHEN_REQUIRED'): S3Client {
  quietSdk()
  const { region, endpoint, profile, compat = false } = config
  const [accessKeyId, secretAccessKey, sessionToken] = [config.accessKeyId, config.secretAccessKey, config.sessionToken]
    // Values stand alone, not in a URL: they are taken as they are.
    .map((value) => value && resolveEnv(value, process.env, (plain) => plain))
  const pool = { keepAlive: true, maxSockets: SOCKETS, maxFreeSockets: SOCKETS }
  const settings: S3ClientConfig = {
    region,
    forcePathStyle: config.forcePathStyle ?? endpoint !== undefined,
    // One policy of retries, ours: it knows which requests may be repeated.
    maxAttempts: 1,
    requestHandler: {
      ...{ httpAgent: new HttpAgent(pool), httpsAgent: new HttpsAgent(pool) },
      ...{ connectionTimeout: 5_000, requestTimeout: 300_000, throwOnRequestTimeout: true },
      socketAcquisitionWarningTimeout: 600_000,
    },
  }
  if (endpoint) settings.endpoint = endpoint
  if (profile) settings.profile = profile
  if (accessKeyId && secretAccessKey) {
    settings.credentials = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
  }
  if (compat || checksums) {
    settings.requestChecksumCalculation = 'WHEN_REQUIRED'
    settings.responseChecksumValidation = 'WHEN_REQUIRED'
  }
  const client = new S3Client(settings)
  if (compat) addMd5(client)
  return client
}

/** Servers without the newer checksums want an MD5 on the one request whose body is a list of deletions. */
function addMd5(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const request = args.request as { body?: unknown; headers: Record<string, string> }
      if (context.commandName === 'DeleteObjectsCommand' && request.body !== undefined) {
        const body = request.body as string | Uint8Array
        request.headers['content-md5'] = createHash('md5').update(body).digest('base64')
      }
      return next(args)
    },
    { step: 'build', name: 'mayflyContentMd5' },
  )
}
