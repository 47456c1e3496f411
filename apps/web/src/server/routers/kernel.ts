import { signTicket } from '../ticket'
import { procedure, router } from '../trpc'

export const kernelRouter = router({
  /** A signed ticket for the runner, good for 12 hours. */
  ticket: procedure.query(({ ctx }) => ({ token: signTicket(ctx.config.secret) })),
})
