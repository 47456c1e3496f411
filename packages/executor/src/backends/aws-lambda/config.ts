/** The section `aws_lambda` of the configuration. Nothing in AWS is touched unless it is there. */
import { z } from 'zod'
import { MayflyError } from '../../errors.js'

const megabytes = z.number().int().min(128).max(10_240)

export const awsLambdaSchema = z.strictObject({
  /** Region of the functions. */
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "expected a region such as 'eu-central-1'"),
  /** ARN of the role that functions run with: it must reach the storage. */
  role: z.string().regex(/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/, 'expected the ARN of a role'),
  /** Another server with the Lambda API, for tests. */
  endpoint: z.url().optional(),
  /** First part of the names of functions. Default `mayfly`. */
  functionPrefix: z
    .string()
    .regex(/^[\w-]{1,32}$/)
    .optional(),
  /** Default `x86_64`. */
  architecture: z.enum(['x86_64', 'arm64']).optional(),
  /** Default `nodejs22.x`. */
  runtime: z.enum(['nodejs20.x', 'nodejs22.x', 'nodejs24.x']).optional(),
  /** Sizes of functions, MB. Default: the size a job needs, to the next 64 MB. */
  memoryClasses: z.array(megabytes).min(1).optional(),
  /** Environment of the functions; the place for what storage references such as `{{env.NAME}}` need. */
  environment: z.record(z.string(), z.string()).optional(),
})

export type AwsLambdaOptions = z.output<typeof awsLambdaSchema>

/** Throws `E_CONFIG_AWS` without the section. */
export function neededAwsLambda(given: AwsLambdaOptions | undefined): AwsLambdaOptions {
  if (given) return given
  throw new MayflyError('E_CONFIG_AWS', 'The backend aws_lambda is not configured', {
    hint: "Give the executor aws_lambda: { region: 'eu-central-1', role: 'arn:aws:iam::123456789012:role/mayfly' }.",
    where: { key: 'aws_lambda' },
  })
}

/** MB a function has besides the call's own: Node in the watching process and in the child. */
const OVERHEAD = 160
/** Of a job that sets no limit: one full CPU. */
const ONE_CPU = 1769
const STEP = 64
const MOST = 10_240

/** Size of the function for calls with this limit, MB. Throws `E_CONFIG_VALUE` when none is large enough. */
export function functionMemory(runtimeMemory: number | undefined, classes: readonly number[] | undefined): number {
  const needed = runtimeMemory === undefined ? ONE_CPU : runtimeMemory + OVERHEAD
  const size = classes
    ? [...classes].sort((a, b) => a - b).find((one) => one >= needed)
    : Math.max(128, runtimeMemory === undefined ? ONE_CPU : Math.ceil(needed / STEP) * STEP)
  // Without a limit of their own, calls take the largest class there is.
  const chosen = size ?? (runtimeMemory === undefined ? Math.max(...classes!) : undefined)
  if (chosen !== undefined && chosen <= MOST) return chosen
  throw new MayflyError('E_CONFIG_VALUE', `No function is large enough for calls with ${runtimeMemory} MB`, {
    hint: `${needed} MB are needed; ${classes ? `the classes are ${classes.join(', ')}` : `the most is ${MOST}`} MB.`,
    where: { key: 'runtimeMemory' },
  })
}
