import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'

/** What the web server is told by its environment (`docs/architecture.md`, *Environment*). */
export interface Config {
  /** Shared with the runner; signs tickets. */
  secret: string
  /** Origins whose pages may use the API, for example `http://127.0.0.1:3000`. */
  origins: ReadonlySet<string>
  /** Address of the runner without a trailing slash. */
  runnerUrl: string
}

const Environment = z.object({
  MAYFLY_SECRET: z.string().min(32, 'expected at least 32 characters'),
  MAYFLY_ORIGINS: z.string().min(1, 'expected a comma-separated list of origins'),
  MAYFLY_RUNNER_URL: z.url('expected an address such as http://127.0.0.1:4000'),
})

/**
 * Reads the configuration from a set of environment variables.
 * @throws MayflyError `E_CONFIG` that names every variable that is missing or wrong.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const parsed = Environment.safeParse(env)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new MayflyError('E_CONFIG', `The web server is not configured. ${faults.join('; ')}`, {
      hint: 'Start Mayfly with `npm start`, which sets these variables.',
    })
  }
  const { MAYFLY_SECRET, MAYFLY_ORIGINS, MAYFLY_RUNNER_URL } = parsed.data
  const origins = MAYFLY_ORIGINS.split(',').map((origin) => origin.trim().replace(/\/$/, ''))
  return {
    secret: MAYFLY_SECRET,
    origins: new Set(origins.filter(Boolean)),
    runnerUrl: MAYFLY_RUNNER_URL.replace(/\/$/, ''),
  }
}

let current: Config | undefined

/** The configuration of this process, read at the first request: building the site needs none. */
export function config(): Config {
  return (current ??= readConfig(process.env))
}
