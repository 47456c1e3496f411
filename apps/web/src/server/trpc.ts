import { type ErrorValue, MayflyError, toErrorValue } from '@mayfly/executor/errors'
import { initTRPC, TRPCError } from '@trpc/server'
import type { Config } from './config'
import { type Runner, statusOf } from './runner'

/** What every procedure is given. */
export interface Context {
  config: Config
  runner: Runner
}

const t = initTRPC.context<Context>().create({
  // A silent stream is indistinguishable from a dead one: ping, and let the page reconnect when the pings stop.
  sse: { ping: { enabled: true, intervalMs: 5_000 }, client: { reconnectAfterInactivityMs: 20_000 } },
  errorFormatter({ shape, error }) {
    const mayfly: ErrorValue | undefined = error.cause instanceof MayflyError ? toErrorValue(error.cause) : undefined
    if (!mayfly) return { ...shape, data: { ...shape.data, mayfly: undefined } }
    const { stack: _, ...value } = mayfly
    return { ...shape, message: value.message, data: { ...shape.data, mayfly: value } }
  },
})

const CODES: Record<number, TRPCError['code']> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  422: 'UNPROCESSABLE_CONTENT',
}

/** Every procedure: a refusal of the runner keeps its code, hint and status on the way to the page. */
export const procedure = t.procedure.use(async ({ next }) => {
  const result = await next()
  if (result.ok || !(result.error.cause instanceof MayflyError)) return result
  const { cause } = result.error
  throw new TRPCError({ code: CODES[statusOf(cause) ?? 500] ?? 'INTERNAL_SERVER_ERROR', message: cause.message, cause })
})

export const { router, createCallerFactory } = t
