/** The form that connects an AWS account, and the sections of the configuration it stands for. Pure. */
import { z } from 'zod'

/** Every field as it is typed. */
export interface AwsForm {
  region: string
  role: string
  /** Functions deployed ahead, as JSON: names by size in MB; empty for none. They need no role here. */
  functions: string
  functionPrefix: string
  architecture: '' | 'x86_64' | 'arm64'
  /** Sizes in MB, separated by commas. */
  memoryClasses: string
  bucket: string
  /** Empty: that of the functions. */
  bucketRegion: string
  /** Empty: where AWS's tools look. */
  profile: string
  lambdaEndpoint: string
  s3Endpoint: string
  forcePathStyle: boolean
  /** Names of environment variables with the keys of another S3 server. */
  keyVariable: string
  secretVariable: string
}

export type FieldName = keyof AwsForm
type Section = Record<string, unknown>
type Value = string | boolean | number[] | Record<string, string> | null

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/
const optional = <T extends z.ZodType>(schema: T) => z.union([z.literal(''), schema])
const variable = optional(z.string().regex(/^[A-Za-z_]\w*$/, 'The name of a variable, for example S3_SECRET.'))
const url = optional(z.url({ protocol: /^https?$/, error: 'An address such as http://127.0.0.1:9000.' }))

const Schema = z
  .object({
    region: z.string().regex(REGION, 'A region such as eu-central-1.'),
    role: optional(
      z
        .string()
        .regex(/^arn:aws[\w-]*:iam::\d{12}:role\/.+$/, 'The ARN of a role: arn:aws:iam::123456789012:role/mayfly.'),
    ),
    functionPrefix: optional(z.string().regex(/^[\w-]{1,32}$/, 'Up to 32 letters, digits, - and _.')),
    architecture: z.enum(['', 'x86_64', 'arm64']),
    memoryClasses: optional(
      z
        .string()
        .refine((text) => sizesOf(text).every((size) => Number.isInteger(size) && size >= 128 && size <= 10_240), {
          error: 'Whole megabytes from 128 to 10,240, separated by commas.',
        }),
    ),
    bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'The name of a bucket: 3 to 63 small letters, digits, - and dots.'),
    bucketRegion: optional(z.string().regex(REGION, 'A region such as eu-central-1.')),
    profile: optional(
      z
        .string()
        .regex(/^[\w.@+=,-]{1,64}$/, 'The name of a profile, without spaces.')
        .refine(
          (text) => !/^(AKIA|ASIA)/.test(text),
          'This is a key. Put it into ~/.aws/credentials and give the profile.',
        ),
    ),
    lambdaEndpoint: url,
    s3Endpoint: url,
    forcePathStyle: z.boolean(),
    keyVariable: variable,
    secretVariable: variable,
  })
  .superRefine((form, context) => {
    const missing = (path: FieldName, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (form.keyVariable && !form.secretVariable) missing('secretVariable', 'The two go together.')
    if (form.secretVariable && !form.keyVariable) missing('keyVariable', 'The two go together.')
    if (form.keyVariable && form.profile) missing('keyVariable', 'Give a profile or variables, not both.')
  })

/** What is wrong, by field. */
export function faultsOf(form: AwsForm): Partial<Record<FieldName, string>> {
  const faults: Partial<Record<FieldName, string>> = {}
  for (const issue of Schema.safeParse(form).error?.issues ?? []) faults[issue.path[0] as FieldName] ??= issue.message
  if (!form.role && !form.functions) faults.role ??= 'The ARN of the role that functions run with.'
  return faults
}

/** The form as the configuration in force fills it. */
export function formOf(options: Record<string, unknown>): AwsForm {
  const lambda = (options.aws_lambda ?? {}) as Section
  const storage = options.storage as Section | undefined
  const s3 = (options.aws_s3 ?? (storage?.backend === 'aws_s3' ? storage : {})) as Section
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  const region = text(lambda.region) || text(s3.region)
  return {
    region,
    role: text(lambda.role),
    functions: namesOf(lambda.functions),
    functionPrefix: text(lambda.functionPrefix),
    architecture: lambda.architecture === 'arm64' || lambda.architecture === 'x86_64' ? lambda.architecture : '',
    memoryClasses: Array.isArray(lambda.memoryClasses) ? lambda.memoryClasses.join(', ') : '',
    bucket: text(s3.bucket),
    bucketRegion: text(s3.region) === region ? '' : text(s3.region),
    profile: text(lambda.profile) || text(s3.profile),
    lambdaEndpoint: text(lambda.endpoint),
    s3Endpoint: text(s3.endpoint),
    forcePathStyle: s3.forcePathStyle === true,
    keyVariable: variableOf(s3.accessKeyId),
    secretVariable: variableOf(s3.secretAccessKey),
  }
}

/** The fields to set in the sections; `null` takes one out, so that its default holds. */
export function changeOf(form: AwsForm): { aws_lambda: Record<string, Value>; aws_s3: Record<string, Value> } {
  const text = (value: string) => value.trim() || null
  const reference = (name: string) => (name.trim() ? `{{env.${name.trim()}}}` : null)
  const sizes = sizesOf(form.memoryClasses)
  return {
    aws_lambda: {
      region: form.region.trim(),
      role: text(form.role),
      functions: form.functions ? JSON.parse(form.functions) : null,
      profile: text(form.profile),
      endpoint: text(form.lambdaEndpoint),
      functionPrefix: text(form.functionPrefix),
      architecture: text(form.architecture),
      memoryClasses: sizes.length > 0 ? sizes : null,
    },
    aws_s3: {
      region: text(form.bucketRegion) ?? form.region.trim(),
      bucket: form.bucket.trim(),
      profile: text(form.profile),
      endpoint: text(form.s3Endpoint),
      forcePathStyle: form.forcePathStyle || null,
      accessKeyId: reference(form.keyVariable),
      secretAccessKey: reference(form.secretVariable),
    },
  }
}

/**
 * The form as sections fill it that somebody pasted, those that `npm run deploy:aws` prints: a whole object, or its two members
 * without the braces. Undefined for anything else.
 */
export function pasted(text: string): AwsForm | undefined {
  for (const candidate of [text, `{${text.trim().replace(/,$/, '')}}`]) {
    try {
      const sections = JSON.parse(candidate)
      if (typeof sections?.aws_lambda === 'object' || typeof sections?.aws_s3 === 'object') return formOf(sections)
    } catch {
      // Tried the other way, or no JSON at all.
    }
  }
  return undefined
}

/** The sections as they would stand in a file, to be copied where the page must not write. */
export function snippetOf(form: AwsForm): string {
  const { aws_lambda, aws_s3 } = changeOf(form)
  const set = (section: Record<string, Value>) =>
    Object.fromEntries(Object.entries(section).filter(([, value]) => value !== null))
  return JSON.stringify({ aws_lambda: set(aws_lambda), aws_s3: set(aws_s3) }, null, 2)
}

function sizesOf(text: string): number[] {
  return text
    .split(/[\s,;]+/)
    .filter(Boolean)
    .map(Number)
}

function namesOf(functions: unknown): string {
  const names = Object.entries((functions ?? {}) as Record<string, unknown>).filter(
    ([, name]) => typeof name === 'string',
  )
  return names.length > 0 ? JSON.stringify(Object.fromEntries(names)) : ''
}

function variableOf(value: unknown): string {
  return (typeof value === 'string' && /^\{\{env\.(\w+)\}\}$/.exec(value)?.[1]) || ''
}
