/** The section `aws_lambda` of the configuration. Nothing in AWS is touched unless it is there. */
import { z } from 'zod'
import { MayflyError } from '../../errors.js'

const megabytes = z.number().int().min(128).max(10_240)
const ROLE = /^arn:aws[\w-]*:iam::\d{12}:role\/.+$/
const FUNCTION = /^(arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:)?[\w-]{1,64}(:[\w$-]+)?$/
const DESTINATION = /^arn:aws[\w-]*:(sqs|sns|lambda|events|s3):[\w-]*:(\d{12})?:.+$/
/** What Lambda sets itself, and what no function may know. */
const RESERVED =
  /^(AWS_((DEFAULT_)?REGION|EXECUTION_ENV|LAMBDA_\w+|ACCESS_KEY\w*|SECRET_ACCESS_KEY|SESSION_TOKEN)|LAMBDA_\w+|MAYFLY_(SECRET|WORKER))$/

export const awsLambdaSchema = z
  .strictObject({
    /** Region of the functions. */
    region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "expected a region such as 'eu-central-1'"),
    /** ARN of the role that functions run with: it must reach the storage. Needed unless there are `functions`. */
    role: z.string().regex(ROLE, 'expected the ARN of a role').optional(),
    /**
     * Functions deployed ahead, name or ARN by size in MB. They are used as they are, and none is ever made: who calls them needs
     * the rights `lambda:InvokeFunction` and `lambda:GetFunctionConfiguration` only.
     */
    functions: z
      .record(z.string().regex(/^\d{3,5}$/, 'expected a size in MB'), z.string().regex(FUNCTION, 'expected a function'))
      .optional(),
    /** A profile of `~/.aws`. Default: where AWS's tools look, too. */
    profile: z.string().min(1).optional(),
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
    /** Longest a function may run, seconds; calls have 10 s less. Default and most 900. */
    functionTimeout: z.number().int().min(15).max(900).optional(),
    /** Environment of the functions; the place for what storage references such as `{{env.NAME}}` need. */
    environment: z
      .record(z.string().regex(/^[A-Za-z]\w+$/), z.string())
      .refine((names) => !Object.keys(names).some((name) => RESERVED.test(name)), 'holds a name that is reserved')
      .optional(),
    /** Log group the functions write to. Default: one per function, which Lambda makes. */
    logGroup: z
      .string()
      .regex(/^[.\-_/#A-Za-z0-9]{1,512}$/)
      .optional(),
    /** ARN of a queue, topic, function or bus that gets asynchronous invocations nobody could make. */
    deadLetter: z.string().regex(DESTINATION, 'expected the ARN of a destination').optional(),
    /** How often Lambda itself repeats an asynchronous invocation that failed. Default 0: retries are the executor's. */
    asyncRetries: z.number().int().min(0).max(2).optional(),
    /** Seconds an asynchronous invocation may wait for its turn before it counts as lost. Default 300. */
    maxEventAge: z.number().int().min(60).max(21_600).optional(),
    /**
     * How functions are called: `stream` for live metrics and logs over an open connection each, `event` with the answer by way of
     * the storage, or `auto`: `stream` while no more than `streams` are open. Default `auto`.
     */
    invocation: z.enum(['stream', 'event', 'auto']).optional(),
    /** Connections that `auto` keeps open at once. Default 256. */
    streams: z.number().int().min(1).max(10_000).optional(),
    /** Seconds after which a request that says nothing is given up. Default 30 more than `functionTimeout`. */
    requestTimeout: z.number().positive().max(3600).optional(),
  })
  .check(({ value, issues }) => {
    const refuse = (key: keyof typeof value, message: string) =>
      issues.push({ code: 'custom', path: [key], message, input: value[key] })
    const { role, functions, memoryClasses, functionTimeout = LONGEST, requestTimeout } = value
    if (!role && !functions) refuse('role', 'is needed, unless functions names functions deployed ahead')
    if (functions && memoryClasses) refuse('memoryClasses', 'the sizes are those of functions')
    if (functions && Object.keys(functions).length === 0) refuse('functions', 'names none')
    if (requestTimeout !== undefined && requestTimeout <= functionTimeout) {
      refuse('requestTimeout', `must be longer than functions run (${functionTimeout} s)`)
    }
  })

export type AwsLambdaOptions = z.output<typeof awsLambdaSchema>

/** Seconds a function may run at most: Lambda's own limit. */
export const LONGEST = 900
/** What a function needs at its end to tell of calls that run too long, seconds. */
export const MARGIN = 10

/** Throws `E_CONFIG_AWS` without the section. */
export function neededAwsLambda(given: AwsLambdaOptions | undefined): AwsLambdaOptions {
  if (given) return given
  throw new MayflyError('E_CONFIG_AWS', 'The backend aws_lambda is not configured', {
    hint: "Give the executor aws_lambda: { region: 'eu-central-1', role: 'arn:aws:iam::123456789012:role/mayfly' }.",
    where: { key: 'aws_lambda' },
  })
}
