import { type ErrorValue, MayflyError } from '@mayfly/executor/errors'
import type { LoggedEvent, RunHeader } from '@mayfly/executor/events'
import { z } from 'zod'
import { type Config, config } from './config'
import { lines } from './ndjson'
import { signTicket } from './ticket'

const Fault = z.object({
  message: z.string(),
  code: z.string().default('E_RUNNER'),
  hint: z.string().optional(),
  where: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
})

const Header = z.object({
  runId: z.string(),
  name: z.string(),
  status: z.enum(['running', 'done', 'failed', 'cancelled', 'lost']),
  backend: z.string(),
  notebook: z.string().optional(),
  cellId: z.string().optional(),
  createdAt: z.number(),
  finishedAt: z.number().optional(),
  jobs: z.number(),
  calls: z.number(),
  done: z.number(),
  failed: z.number(),
  cost: z.number(),
  lambdaCost: z.number(),
  seq: z.number(),
}) satisfies z.ZodType<RunHeader>

const Example = z.object({ id: z.string(), title: z.string(), summary: z.string(), minutes: z.number() })
export type Example = z.infer<typeof Example>

const Entry = z.object({
  name: z.string(),
  path: z.string(),
  type: z.string(),
  last_modified: z.string(),
  content: z.unknown().optional(),
})
export type Entry = z.infer<typeof Entry>

const Report = z.object({
  /** Absolute path of the configuration file in force. */
  file: z.string().nullable(),
  /** Options with a value, without secrets. */
  options: z.record(z.string(), z.unknown()),
  sources: z.record(z.string(), z.string()),
  keys: z.array(z.string()),
  backends: z.array(z.object({ name: z.string(), configured: z.boolean() })),
  fault: Fault.optional(),
  awsSteps: z.array(z.object({ step: z.string(), name: z.string() })),
  /** The file a change goes to; `reason` says why it cannot be changed. */
  target: z.object({ path: z.string(), etag: z.string(), reason: z.string().optional() }),
})
export type ConfigReport = z.infer<typeof Report>

const AwsCheck = z.object({
  step: z.string(),
  name: z.string(),
  state: z.enum(['good', 'note', 'bad', 'skipped']),
  says: z.string(),
  fix: z.string().optional(),
  ms: z.number(),
})
export type AwsCheck = z.infer<typeof AwsCheck>

/** Sections of the configuration with the fields to set; `null` removes one. */
export type ConfigChange = Record<string, Record<string, unknown>>

/** What the web server asks of the runner, each a line of `docs/architecture.md`. */
export interface Runner {
  runs(signal?: AbortSignal): Promise<RunHeader[]>
  run(runId: string, signal?: AbortSignal): Promise<RunHeader>
  cancel(runId: string): Promise<void>
  /** The log's events with `seq > after`, as they are written, until the run ends or the signal aborts. */
  events(runId: string, after: number, signal: AbortSignal): AsyncGenerator<LoggedEvent[]>
  examples(): Promise<Example[]>
  openExample(id: string): Promise<{ path: string }>
  /** The configuration of the workspace. */
  config(): Promise<ConfigReport>
  /** Changes the configuration file, if it still is what `etag` says. */
  changeConfig(change: ConfigChange, etag: string): Promise<{ path: string; etag: string }>
  /** Walks the AWS account that is configured; a check as each step ends. */
  checkAws(signal: AbortSignal): AsyncGenerator<AwsCheck>
  /** An entry of the workspace, with its content: entries for a folder, nbformat JSON for a notebook. */
  contents(path: string): Promise<Entry>
}

/** A client of the runner that signs a fresh ticket for every request. */
export function createRunner(settings: Pick<Config, 'runnerUrl' | 'secret'>): Runner {
  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { ...init.headers, authorization: `token ${signTicket(settings.secret)}` }
    let response: Response
    try {
      response = await fetch(`${settings.runnerUrl}${path}`, { ...init, headers, cache: 'no-store' })
    } catch (cause) {
      if (init.signal?.aborted) throw cause
      throw new MayflyError('E_RUNNER_UNREACHABLE', 'The runner, which executes notebooks, does not answer.', {
        hint: 'Stop Mayfly with Ctrl+C and start it again with `npm start`.',
        cause,
      })
    }
    if (response.ok) return response
    throw await toFault(response, path)
  }
  const json = async <T>(schema: z.ZodType<T>, path: string, init?: RequestInit): Promise<T> => {
    const parsed = schema.safeParse(await (await request(path, init)).json())
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    throw new MayflyError('E_RUNNER_ANSWER', `The runner's answer to ${path} is not understood: ${issue?.message}`, {
      hint: 'Web server and runner must be of the same version: run `npm start` again.',
    })
  }
  return {
    runs: (signal) => json(z.array(Header), '/api/mayfly/runs', { signal }),
    run: (runId, signal) => json(Header, `/api/mayfly/runs/${encodeURIComponent(runId)}`, { signal }),
    cancel: async (runId) => {
      await request(`/api/mayfly/runs/${encodeURIComponent(runId)}/cancel`, { method: 'POST' })
    },
    async *events(runId, after, signal) {
      const path = `/api/mayfly/runs/${encodeURIComponent(runId)}/events?after=${after}&follow=1`
      const { body } = await request(path, { signal })
      if (!body) return
      // The runner wrote these lines through the executor's types; checking each of 10⁶ events again would cost seconds.
      for await (const batch of lines(body)) yield batch.map((line) => JSON.parse(line) as LoggedEvent)
    },
    examples: () => json(z.array(Example), '/api/mayfly/examples'),
    openExample: (id) =>
      json(z.object({ path: z.string() }), `/api/mayfly/examples/${encodeURIComponent(id)}`, { method: 'POST' }),
    config: () => json(Report, '/api/mayfly/config'),
    changeConfig: (change, etag) =>
      json(z.object({ path: z.string(), etag: z.string() }), '/api/mayfly/config', {
        method: 'PUT',
        body: JSON.stringify(change),
        headers: { 'if-match': `"${etag}"` },
      }),
    async *checkAws(signal) {
      const { body } = await request('/api/mayfly/doctor/aws', { method: 'POST', signal })
      if (!body) return
      for await (const batch of lines(body)) for (const line of batch) yield AwsCheck.parse(JSON.parse(line))
    },
    contents: (path) => json(Entry, `/api/contents/${path.split('/').map(encodeURIComponent).join('/')}?content=1`),
  }
}

async function toFault(response: Response, path: string): Promise<MayflyError> {
  const parsed = Fault.safeParse(await response.json().catch(() => undefined))
  const fault: Pick<ErrorValue, 'code' | 'message' | 'hint' | 'where'> = parsed.success
    ? parsed.data
    : { code: 'E_RUNNER', message: `The runner answered ${response.status} to ${path}.` }
  const error = new MayflyError(fault.code, fault.message, { hint: fault.hint, where: fault.where })
  return Object.assign(error, { status: response.status })
}

/** HTTP status that the runner refused with, when `error` is such a refusal. */
export function statusOf(error: unknown): number | undefined {
  const status = error instanceof MayflyError ? (error as { status?: unknown }).status : undefined
  return typeof status === 'number' ? status : undefined
}

let shared: Runner | undefined

/** The runner of this process. */
export function runner(): Runner {
  return (shared ??= createRunner(config()))
}
