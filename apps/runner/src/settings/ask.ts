/** Questions to `child.ts`. */
import { fork } from 'node:child_process'
import { on } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type ErrorValue, MayflyError } from '@mayfly/executor/errors'
import type { Question } from './child.js'

const ENTRY = fileURLToPath(new URL('./child.js', import.meta.url))
/** Never handed to user code. */
const SECRETS = ['MAYFLY_SECRET']

export interface AskOptions {
  workspace: string
  home: string
  /** What the question is about. */
  text?: string
  signal?: AbortSignal
}

/** The one answer to a question. @throws as `ask` */
export async function askOnce(question: Question, options: AskOptions): Promise<unknown> {
  for await (const answer of ask(question, options)) return answer
  return undefined
}

/**
 * The child's answers as they come. Ending the iteration, or the signal, ends the child.
 * @throws MayflyError what the child says, or `E_CONFIG_READER` when it dies
 */
export async function* ask(question: Question, { workspace, home, text, signal }: AskOptions): AsyncGenerator<unknown> {
  const env: NodeJS.ProcessEnv = { ...process.env, MAYFLY_WORKSPACE: workspace, MAYFLY_HOME: home }
  for (const name of SECRETS) delete env[name]
  const child = fork(ENTRY, [question, ...(text === undefined ? [] : [text])], {
    cwd: workspace,
    env,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (part: string) => {
    said = (said + part).slice(-2000)
  })
  const gone = new AbortController()
  let code: number | null = 0
  let answered = false
  child.on('error', () => gone.abort())
  child.on('close', (status) => {
    code = status
    gone.abort()
  })
  try {
    for await (const [message] of on(child, 'message', {
      signal: AbortSignal.any([gone.signal, ...(signal ? [signal] : [])]),
    })) {
      const { answer, fault } = message as { answer?: unknown; fault?: ErrorValue }
      if (fault) throw new MayflyError(fault.code, fault.message, fault)
      answered = true
      yield answer
    }
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
    if (signal?.aborted || (code === 0 && answered)) return
    const hint = 'Look at mayfly.config.* of the workspace: it is run when it is read.'
    throw new MayflyError(
      'E_CONFIG_READER',
      `The configuration could not be read: ${said.trim() || 'its process died'}`,
      {
        hint,
      },
    )
  } finally {
    child.kill('SIGKILL')
  }
}
