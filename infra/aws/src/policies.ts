/** Every right that is given, written by hand: helpers of the CDK give more than is needed. */
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'

/** Where the bucket is used: its ARN and the first parts of keys. */
export interface Objects {
  bucketArn: string
  prefixes: readonly string[]
}

const allow = (sid: string, actions: string[], resources: string[], conditions?: object) =>
  new PolicyStatement({
    ...{ sid, effect: Effect.ALLOW, actions, resources },
    ...(conditions ? { conditions: conditions as Record<string, unknown> } : {}),
  })

/**
 * Reads, writes and lists objects below the prefixes. A request for one object has no prefix to compare: `IfExists` lets the
 * right to list hold for it, without which S3 answers 403 instead of 404 for an object that is not there.
 */
export function objectRights({ bucketArn, prefixes }: Objects): PolicyStatement[] {
  const actions = ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload']
  const below = prefixes.map((prefix) => `${prefix}*`)
  return [
    allow(
      'Objects',
      actions,
      below.map((key) => `${bucketArn}/${key}`),
    ),
    allow('List', ['s3:ListBucket'], [bucketArn], { StringLikeIfExists: { 's3:prefix': below } }),
  ]
}

/** What functions may do besides: write their log, and hand over asynchronous calls that nobody could make. */
export function workerRights(logGroupArn: string, deadLetterArn: string): PolicyStatement[] {
  return [
    allow('Log', ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroupArn]),
    allow('DeadLetter', ['sqs:SendMessage'], [deadLetterArn]),
  ]
}

/** What who runs notebooks may do: call these functions and look what they are. Nothing is deployed with these rights. */
export function callerRights(functionArns: string[]): PolicyStatement[] {
  return [
    allow('Call', ['lambda:InvokeFunction', 'lambda:GetFunctionConfiguration'], functionArns),
    // Account settings belong to no resource: AWS takes nothing but * here. It tells how many calls may run at once.
    allow('Quota', ['lambda:GetAccountSettings'], ['*']),
  ]
}
