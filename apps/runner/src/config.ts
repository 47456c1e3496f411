/** The runner's configuration, read once from the environment. */
import { mkdirSync, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'

export interface RunnerConfig {
  /** Real path of the folder that holds the user's notebooks. */
  workspace: string
  /** Real path of Mayfly's own state. */
  home: string
  secret: string
  origins: ReadonlySet<string>
  /** 0 means any free port. */
  port: number
  /** Minutes without activity after which a kernel is ended; 0 for never. */
  idleMinutes: number
}

const environment = z.object({
  MAYFLY_WORKSPACE: z.string().min(1).optional(),
  MAYFLY_HOME: z.string().min(1).optional(),
  MAYFLY_SECRET: z.string().min(16, 'must have at least 16 characters'),
  MAYFLY_ORIGINS: z
    .string()
    .transform((list) => list.split(',').map((origin) => origin.trim()))
    .pipe(z.array(z.url('must be origins such as http://localhost:3000, separated by commas'))),
  MAYFLY_KERNEL_IDLE_MINUTES: z.coerce.number().min(0).default(240),
  MAYFLY_RUNNER_PORT: z.coerce.number().int().min(0).max(65535).default(0),
})

/** Reads and checks the environment, and makes the folders it names. Throws `E_CONFIG_ENVIRONMENT`. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): RunnerConfig {
  const parsed = environment.safeParse(env)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
    throw new MayflyError('E_CONFIG_ENVIRONMENT', `the environment of the runner is not usable: ${faults}`, {
      hint: 'Start Mayfly with "npm start", which sets these variables; docs/architecture.md lists them.',
    })
  }
  const { MAYFLY_WORKSPACE, MAYFLY_HOME, MAYFLY_SECRET, MAYFLY_ORIGINS, MAYFLY_RUNNER_PORT } = parsed.data
  const idleMinutes = parsed.data.MAYFLY_KERNEL_IDLE_MINUTES
  const workspace = folder('MAYFLY_WORKSPACE', resolve(MAYFLY_WORKSPACE ?? process.cwd()))
  const home = folder('MAYFLY_HOME', resolve(MAYFLY_HOME ?? join(workspace, '.mayfly')))
  return {
    workspace,
    home,
    secret: MAYFLY_SECRET,
    origins: new Set(MAYFLY_ORIGINS.map((origin) => new URL(origin).origin)),
    port: MAYFLY_RUNNER_PORT,
    idleMinutes,
  }
}

function folder(name: string, path: string): string {
  try {
    mkdirSync(path, { recursive: true })
    if (!statSync(path).isDirectory()) throw new Error('it is not a folder')
    return realpathSync(path)
  } catch (cause) {
    throw new MayflyError('E_CONFIG_FOLDER', `${name}=${path} cannot be used: ${(cause as Error).message}`, {
      hint: `Point ${name} to a folder you may write to.`,
      cause,
    })
  }
}
