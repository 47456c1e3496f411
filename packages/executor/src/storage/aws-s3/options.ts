/** Options of the `aws_s3` storage: checked, completed, and without secrets where they travel. */
import { MayflyError } from '../../errors.js'
import type { FieldKind } from '../fields.js'

export interface AwsS3StorageOptions {
  backend: 'aws_s3'
  /** Bucket of cloud objects, of `open` and `fs`, and of the executor's own data; it must exist. Needed unless there is an `endpoint`. */
  bucket?: string
  /** For example `eu-central-1`. Needed unless there is an `endpoint`, for which it is `us-east-1`. */
  region?: string
  /** URL of another S3 server. Default: AWS in that region. */
  endpoint?: string
  /** `host/bucket/key` instead of `bucket.host/key`. Default: with an `endpoint` only. */
  forcePathStyle?: boolean
  /** For servers that do not know AWS's newer checksums: they are sent only where S3 requires one, with Content-MD5 beside. Default false. */
  compat?: boolean
  /** Keys as they are stay in this process; `{{env.NAME}}` travels. Default: the profile, else where AWS's tools look, too. */
  accessKeyId?: string
  secretAccessKey?: string
  sessionToken?: string
  /** A profile of `~/.aws`. */
  profile?: string
}

export type AwsS3Config = Omit<AwsS3StorageOptions, 'bucket' | 'region'> & { bucket: string; region: string }

export const AWS_S3_FIELDS = {
  ...{ backend: 'text', bucket: 'string', region: 'text', profile: 'text', endpoint: 'http url' },
  ...{
    forcePathStyle: 'boolean',
    compat: 'boolean',
    accessKeyId: 'text',
    secretAccessKey: 'text',
    sessionToken: 'text',
  },
} as const satisfies Record<string, FieldKind>

/** Fills in defaults. Throws `E_CONFIG_AWS` unless it is said where: a region and a bucket, or an endpoint. */
export function awsS3Config(options: AwsS3StorageOptions): AwsS3Config {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey, profile } = options
  if (!endpoint && !(region && bucket)) {
    throw refused(
      `aws_s3: ${region ? 'bucket' : 'region'} is missing`,
      'Give region and bucket, or the endpoint of another S3 server.',
    )
  }
  if (!accessKeyId !== !secretAccessKey || (options.sessionToken && !accessKeyId)) {
    throw refused(
      'aws_s3: accessKeyId and secretAccessKey go together',
      'Give both, or neither to use a profile or what AWS finds.',
    )
  }
  if (profile && accessKeyId) throw refused('aws_s3: profile and keys exclude each other', 'Give one of them.')
  return { ...options, bucket: bucket ?? 'mayfly', region: region ?? 'us-east-1' }
}

/** Throws `E_STORAGE_SECRET` when keys are there as they are. */
export function checkNoSecrets(config: AwsS3Config): void {
  for (const name of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) {
    if (config[name] === undefined || /^\{\{env\.\w+\}\}$/.test(config[name])) continue
    throw new MayflyError('E_STORAGE_SECRET', `The ${name} of this storage is given as it is, and must not travel`, {
      hint: 'Write {{env.AWS_SECRET_ACCESS_KEY}} or the like in its place, or use a profile; workers on AWS have a role.',
    })
  }
}

/** Options out of `s3://bucket?region=…&endpoint=…`; keys should come as `{{env.NAME}}`. */
export function awsS3Url(text: string): AwsS3StorageOptions {
  const [place = '', search = ''] = text.slice('s3://'.length).split('?')
  const options: Record<string, unknown> = { backend: 'aws_s3' }
  const bucketName = place.replace(/\/+$/, '')
  if (bucketName) options.bucket = bucketName
  for (const [name, value] of new URLSearchParams(search)) {
    const yes = name === 'forcePathStyle' || name === 'compat'
    options[name] = yes ? value === '' || value === 'true' : value
  }
  return options as unknown as AwsS3StorageOptions
}

function refused(message: string, hint: string): MayflyError {
  return new MayflyError('E_CONFIG_AWS', message, { hint })
}
