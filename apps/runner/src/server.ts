/** The runner's server: the parts wired together behind one port. */
import type { IncomingMessage, Server } from 'node:http'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { formatError, MayflyError, toErrorValue } from '@mayfly/executor/errors'
import { RunStore } from '@mayfly/executor/runs'
import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type AccessRequest, checkAccess } from './access.js'
import { Events } from './channels/events.js'
import { Sockets } from './channels/socket.js'
import type { RunnerConfig } from './config.js'
import { Documents } from './documents/documents.js'
import { sweep } from './documents/sweep.js'
import { Kernels } from './kernels.js'
import { LanguageService } from './language/service.js'
import { toProblem } from './problem.js'
import { contentsRoutes } from './rest/contents.js'
import { documentRoutes } from './rest/documents.js'
import { eventRoutes } from './rest/events.js'
import { exampleRoutes } from './rest/examples.js'
import { fileRoutes } from './rest/files.js'
import { keepRoutes } from './rest/keep.js'
import { kernelRoutes } from './rest/kernels.js'
import { languageRoutes } from './rest/language.js'
import { runRoutes } from './rest/runs.js'
import { serverRoutes } from './rest/server.js'
import { settingsRoutes } from './rest/settings.js'
import { usageRoutes } from './rest/usage.js'
import { variableRoutes } from './rest/variables.js'
import { History } from './rest/versions.js'
import { Checkpoints } from './workspace/checkpoints.js'
import { Contents } from './workspace/contents.js'
import { lockHome } from './workspace/lock.js'
import { Outputs } from './workspace/outputs.js'
import { Uploads } from './workspace/uploads.js'
import { Workspace } from './workspace/workspace.js'

export interface Runner {
  port: number
  /** Shuts kernels down, saves documents, closes sockets. */
  close(): Promise<void>
}

/** Starts the server on loopback; resolves when it listens. */
export async function startRunner(config: RunnerConfig): Promise<Runner> {
  const lock = lockHome(config.home)
  const workspace = new Workspace(config.workspace, config.home)
  const contents = new Contents(workspace)
  const runs = new RunStore(join(config.home, 'runs'), join(config.home, 'journal', 'runs.json'))
  const kernels = new Kernels(
    { workspace: config.workspace, home: config.home },
    { idleMinutes: config.idleMinutes, runs: () => runs.list() },
  )
  const documents = new Documents(workspace, {
    inUse: (path) => kernels.ofNotebook(path) !== undefined,
    onFault: reportFault,
    tell: (path, message) => kernels.ofNotebook(path)?.hub.broadcast(message),
  })
  kernels.documents = documents
  const language = new LanguageService({ workspace: config.workspace })

  const check = (request: IncomingMessage) => checkAccess(accessOf(request), config)
  const app = new Hono<{ Bindings: { incoming: IncomingMessage } }>()
  app.use(async (c, next) => {
    check(c.env.incoming)
    await next()
  })
  app.onError((error, c) => {
    const { status, body } = toProblem(error)
    if (status === 500) reportFault(error)
    return c.json(body, status as ContentfulStatusCode)
  })
  app.notFound((c) => {
    const { status, body } = toProblem(new MayflyError('E_NOT_FOUND', `there is no ${c.req.method} ${c.req.path}`))
    return c.json(body, status as ContentfulStatusCode)
  })
  const outputs = new Outputs(join(config.home, 'outputs'))
  for (const tidying of [outputs.clean(), sweep(workspace)]) void tidying.catch(reportFault)
  const events = new Events()
  const services = {
    events,
    contents,
    documents,
    kernels,
    checkpoints: new Checkpoints(workspace),
    uploads: new Uploads(workspace),
  }
  for (const routes of [
    serverRoutes(kernels),
    kernelRoutes(kernels),
    keepRoutes(kernels),
    usageRoutes(kernels),
    languageRoutes(language),
    contentsRoutes(services),
    fileRoutes(workspace, outputs),
    documentRoutes(documents, kernels, new History(documents, workspace, contents)),
    exampleRoutes(workspace, contents),
    eventRoutes(events),
    runRoutes(runs),
    variableRoutes(kernels),
    settingsRoutes(workspace),
  ])
    app.route('/', routes)

  const server = createAdaptorServer({ fetch: app.fetch }) as Server
  // Longer than a proxy keeps its idle connections, so that none is closed just when it is used again.
  server.keepAliveTimeout = 65_000
  const sockets = new Sockets(kernels, events, language, check)
  server.on('upgrade', (request, stream, head) => sockets.upgrade(request, stream, head))
  const port = await listen(server, config.port)
  return {
    port,
    async close() {
      server.close()
      await kernels.close()
      await documents.close()
      await runs.close()
      sockets.close()
      await language.stop()
      server.closeAllConnections()
      lock.release()
    },
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new MayflyError('E_PORT', `the runner cannot listen on port ${port}: ${cause.message}`, {
          cause,
          hint: 'Set MAYFLY_RUNNER_PORT to a free port, or to 0 for any.',
        }),
      ),
    )
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function accessOf({ headers, url }: IncomingMessage): AccessRequest {
  const { pathname, searchParams } = new URL(url ?? '/', 'http://runner')
  const { host, origin, authorization, cookie } = headers
  return { path: pathname, host, origin, authorization, cookie, token: searchParams.get('token') ?? undefined }
}

function reportFault(error: unknown): void {
  process.stderr.write(`${formatError(toErrorValue(error))}\n`)
}
