import { z } from 'zod'
import { listNotebooks } from '../notebooks'
import { procedure, router } from '../trpc'

export const workspaceRouter = router({
  /** The notebooks of the workspace, last changed first; at most 50. */
  notebooks: procedure.query(({ ctx }) => listNotebooks(ctx.runner)),
  /** The notebooks that ship with Mayfly. */
  examples: procedure.query(({ ctx }) => ctx.runner.examples()),
  /** Copies an example into the workspace, unless it is there, and says where it is. */
  openExample: procedure
    .input(z.object({ id: z.string().min(1).max(100) }))
    .mutation(({ ctx, input }) => ctx.runner.openExample(input.id)),
})
