/** Both doubles, and how a program is connected to them: what tests of executors and of the whole product begin with. */
import { type Apart, startApart } from './apart.js'
import { ROLE } from './lambda/rules.js'
import type { LambdaOptions } from './lambda/server.js'

export interface DoublesOptions {
  lambda?: LambdaOptions
  /** The one bucket there is. Default `mayfly`. */
  bucket?: string
  /** Variables in which the keys of S3 are put, here and in the functions. Default `DOUBLE_S3_ID` and `DOUBLE_S3_SECRET`. */
  keys?: { id: string; secret: string }
}

export interface Doubles {
  lambda: Apart<'lambda'>
  s3: Apart<'s3'>
  /** The sections of a configuration that is connected; they name the variables and hold no secret but the functions' own. */
  sections: {
    aws_lambda: { region: string; endpoint: string; role: string; environment: Record<string, string> }
    aws_s3: { region: string; endpoint: string; bucket: string; accessKeyId: string; secretAccessKey: string }
  }
  /** Ends both, and takes the variables away. */
  close(): Promise<void>
}

/** Starts the doubles, each in a process of its own, and sets the variables in which this process and its children find the keys. */
export async function startDoubles({
  lambda: options,
  bucket = 'mayfly',
  keys = { id: 'DOUBLE_S3_ID', secret: 'DOUBLE_S3_SECRET' },
}: DoublesOptions = {}): Promise<Doubles> {
  const [lambda, s3] = await Promise.all([startApart('lambda', options), startApart('s3', { buckets: [bucket] })])
  const environment = { [keys.id]: s3.credentials.accessKeyId, [keys.secret]: s3.credentials.secretAccessKey }
  const variables = {
    ...environment,
    AWS_ACCESS_KEY_ID: lambda.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: lambda.credentials.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  Object.assign(process.env, variables)
  const { region, endpoint } = lambda
  return {
    ...{ lambda, s3 },
    sections: {
      aws_lambda: { region, endpoint, role: ROLE, environment },
      aws_s3: {
        ...{ region: s3.region, endpoint: s3.endpoint, bucket },
        ...{ accessKeyId: `{{env.${keys.id}}}`, secretAccessKey: `{{env.${keys.secret}}}` },
      },
    },
    async close() {
      for (const name of Object.keys(variables)) delete process.env[name]
      await Promise.all([lambda.close(), s3.close()])
    },
  }
}
