/** What one may choose when deploying, checked before anything is made. */
import { z } from 'zod'

/** Sizes at which functions are made: what a small account may have, from half a CPU to nearly two. */
const SIZES = [512, 1024, 1769, 3008]
/** Where the executor, the pipeline and files written by hand lie in the bucket. */
export const PREFIXES = ['code/', 'data/', 'jobs/', 'cache/', 'cleaner/', 'cloudobjects/', 'pipeline/', 'files/']

const REGION = "a region such as 'eu-central-1' is needed"

const size = z.number().int().min(128).max(10_240)

export const settingsSchema = z
  .strictObject({
    /** Name of the stack, and first part of every other name. */
    name: z.string().regex(/^[a-z][a-z0-9-]{1,24}$/, '2 to 25 lower-case letters, digits and hyphens'),
    region: z.string(REGION).regex(/^[a-z]{2}(-[a-z]+)+-\d$/, REGION),
    /** Sizes of functions, MB. */
    memory: z.array(size).min(1).max(12),
    architecture: z.enum(['x86_64', 'arm64']),
    runtime: z.enum(['nodejs22.x', 'nodejs24.x']),
    /** Calls at once that each function has for itself and never exceeds. Without it functions share what the account has. */
    concurrency: z.number().int().min(1).max(10_000).optional(),
    /** First parts of the keys that functions and callers may use. */
    prefixes: z.array(z.string().regex(/^[\w.-][\w./-]*\/$/, 'keys that end with /')).min(1),
    /** Who hears when money is spent; without it there is no budget. */
    email: z.email().optional(),
    /** US dollars a month. */
    budget: z.number().positive().max(1_000_000),
  })
  .refine(({ memory }) => new Set(memory).size === memory.length, { path: ['memory'], message: 'a size stands twice' })

export type Settings = z.output<typeof settingsSchema>

/** An option that the stack does not take. */
export class WrongOption extends Error {
  override readonly name = 'WrongOption'
}

/** The defaults with `given` over them. Throws `WrongOption`, which names it. */
export function settings(given: Partial<Record<keyof Settings, unknown>>): Settings {
  const complete = {
    ...{ name: 'mayfly', memory: SIZES, architecture: 'x86_64', runtime: 'nodejs24.x', prefixes: PREFIXES, budget: 20 },
    ...given,
  }
  const read = settingsSchema.safeParse(complete)
  if (read.success) return { ...read.data, memory: [...read.data.memory].sort((a, b) => a - b) }
  const issue = read.error.issues[0]!
  throw new WrongOption(`--${String(issue.path[0])}: ${issue.message}`)
}
