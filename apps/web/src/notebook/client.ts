/** The runner's document endpoints, and the ticket that opens them. */
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'
import { DocumentSchema, type Notebook, type NotebookDocument, NotebookSchema, type SavedCell } from './document'
import {
  type KernelUsage,
  UsageSchema,
  type VariableDetail,
  VariableDetailSchema,
  type VariableList,
  VariableListSchema,
  type Version,
  VersionSchema,
} from './runner-schemas'

export interface RunnerClient {
  /** The ticket in use; asked for on first need. */
  ticket(): Promise<string>
  /** Throws away the ticket and asks for a new one. */
  renew(): Promise<string>
  document(path: string): Promise<NotebookDocument>
  /** Saves sources and order. Throws `E_DOCUMENT_CONFLICT` when the file changed outside. */
  save(path: string, body: SaveBody, options?: { leaving?: boolean }): Promise<{ hash: string; seq: number }>
  clear(path: string, cellIds?: string[]): Promise<void>
  cancelCell(kernelId: string, cellId: string): Promise<void>
  keepKernel(kernelId: string): Promise<void>
  usage(kernelId: string): Promise<KernelUsage>
  variables(kernelId: string): Promise<VariableList>
  /** What is inside a variable; `path` holds the keys of children, `from` the first child to list. */
  variable(kernelId: string, name: string, path: readonly (string | number)[], from: number): Promise<VariableDetail>
  /** The notebook's history, newest first. */
  versions(path: string): Promise<Version[]>
  version(path: string, id: string): Promise<Notebook>
  restoreVersion(path: string, id: string): Promise<void>
  /** Keeps the present state of the file as a version of its own. */
  checkpoint(path: string): Promise<void>
  /** Address of a file under the runner's `outputs/`; followed after `allowLinks`. */
  outputHref(file: string): string
  /** Address of a workspace file; followed after `allowLinks`. */
  fileHref(path: string): string
  /** Puts the ticket where links take it along: in a cookie for the runner's addresses. */
  allowLinks(): Promise<void>
}

export interface SaveBody {
  cells: SavedCell[]
  metadata: Record<string, unknown>
  hash: string
}

/** How long links work without another look at the page: less than a ticket lives. */
const COOKIE_SECONDS = 6 * 3600

const Saved = z.looseObject({ hash: z.string(), seq: z.number().default(0) })
const Problem = z.looseObject({ message: z.string(), code: z.string().optional(), hint: z.string().nullish() })

/** A client of the runner behind `base`, for example `http://localhost:4200/runner`. */
export function createRunnerClient(base: string, getTicket: () => Promise<string>): RunnerClient {
  let ticket: Promise<string> | undefined
  const current = () => {
    if (ticket) return ticket
    const asked = getTicket()
    ticket = asked
    // A failure must not be remembered.
    asked.catch(() => {
      if (ticket === asked) ticket = undefined
    })
    return asked
  }
  const renew = () => {
    ticket = undefined
    return current()
  }

  async function call(path: string, init: RequestInit = {}): Promise<unknown> {
    let answer = await send(path, init, await current())
    if (answer.status === 401) answer = await send(path, init, await renew())
    const body: unknown = await answer.json().catch(() => undefined)
    if (answer.ok) return body
    const problem = Problem.safeParse(body)
    throw new MayflyError(
      problem.data?.code ?? `E_RUNNER_${answer.status}`,
      problem.data?.message ?? `The runner answered ${answer.status} to ${init.method ?? 'GET'} ${path}`,
      problem.data?.hint ? { hint: problem.data.hint } : {},
    )
  }

  async function send(path: string, init: RequestInit, token: string): Promise<Response> {
    const headers = { ...init.headers, authorization: `token ${token}` }
    try {
      return await fetch(`${base}${path}`, { ...init, headers })
    } catch (cause) {
      throw new MayflyError('E_NETWORK', 'The server does not answer.', {
        hint: 'Check that `npm start` is still running in its terminal.',
        cause,
      })
    }
  }

  const json = (method: string, body: unknown): RequestInit => ({
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
  const encoded = (path: string) => path.split('/').map(encodeURIComponent).join('/')
  const documentPath = (path: string) => `/api/mayfly/documents/${encoded(path)}`

  const kernelPath = (id: string, what: string) => `/api/mayfly/kernels/${encodeURIComponent(id)}/${what}`

  return {
    ticket: current,
    renew,
    document: async (path) => DocumentSchema.parse(await call(documentPath(path))),
    save: async (path, body, { leaving = false } = {}) =>
      Saved.parse(await call(documentPath(path), { ...json('PUT', body), keepalive: leaving })),
    clear: async (path, cellIds) => void (await call(`${documentPath(path)}/clear`, json('POST', { cellIds }))),
    cancelCell: async (id, cellId) => void (await call(kernelPath(id, 'cancel'), json('POST', { cellId }))),
    keepKernel: async (id) => void (await call(kernelPath(id, 'keep'), json('POST', {}))),
    usage: async (id) => UsageSchema.parse(await call(kernelPath(id, 'usage'))),
    variables: async (id) => VariableListSchema.parse(await call(kernelPath(id, 'variables'))),
    variable: async (id, name, path, from) => {
      const query = new URLSearchParams({ path: JSON.stringify(path), from: String(from) })
      return VariableDetailSchema.parse(
        await call(`${kernelPath(id, 'variables')}/${encodeURIComponent(name)}?${query.toString()}`),
      )
    },
    versions: async (path) => z.array(VersionSchema).parse(await call(`${documentPath(path)}/versions`)),
    version: async (path, id) =>
      NotebookSchema.parse(await call(`${documentPath(path)}/versions/${encodeURIComponent(id)}`)),
    restoreVersion: async (path, id) =>
      void (await call(`${documentPath(path)}/versions/${encodeURIComponent(id)}/restore`, json('POST', {}))),
    checkpoint: async (path) => void (await call(`/api/contents/${encoded(path)}/checkpoints`, json('POST', {}))),
    outputHref: (file) => `${base}/api/mayfly/outputs/${encoded(file)}`,
    fileHref: (path) => `${base}/files/${encoded(path)}`,
    allowLinks: async () => {
      // biome-ignore lint/suspicious/noDocumentCookie: the cookie store is missing in Firefox and Safari
      document.cookie = `mayfly-ticket=${await current()}; path=${new URL(base).pathname}; SameSite=Strict; max-age=${COOKIE_SECONDS}`
    },
  }
}
