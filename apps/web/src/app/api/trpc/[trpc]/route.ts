import { toErrorValue } from '@mayfly/executor/errors'
import { fetchRequestHandler } from '@trpc/server/adapters/fetch'
import { config } from '../../../../server/config'
import { checkOrigin } from '../../../../server/origin'
import { appRouter } from '../../../../server/router'
import { runner } from '../../../../server/runner'

export const runtime = 'nodejs'
export const dynamic = 'force-dynamic'

function handle(req: Request): Response | Promise<Response> {
  try {
    checkOrigin(req.headers, config().origins)
  } catch (error) {
    const { stack: _, ...value } = toErrorValue(error)
    return Response.json({ ...value, traceback: '' }, { status: value.code === 'E_ORIGIN' ? 403 : 500 })
  }
  return fetchRequestHandler({
    endpoint: '/api/trpc',
    req,
    router: appRouter,
    createContext: () => ({ config: config(), runner: runner() }),
  })
}

export { handle as GET, handle as POST }
