import { tracked } from '@trpc/server'
import { z } from 'zod'
import { formatCursors, parseCursors } from '../cursors'
import { procedure, router } from '../trpc'
import { watchRuns } from '../watch'

const RunId = z.string().regex(/^[\w.-]{1,80}$/, 'expected the id of a run')

export const runsRouter = router({
  /** Every run that has a log, newest first. */
  list: procedure.query(({ ctx }) => ctx.runner.runs()),
  get: procedure.input(z.object({ runId: RunId })).query(({ ctx, input }) => ctx.runner.run(input.runId)),
  /** Asks the executor to stop the run; it does so within a second. */
  cancel: procedure.input(z.object({ runId: RunId })).mutation(({ ctx, input }) => ctx.runner.cancel(input.runId)),
  /**
   * The events of up to 200 runs after the given sequence numbers, in columns, at most one message every 100 ms once the
   * reader has caught up. Every message is tracked, so a connection that breaks resumes where it was.
   */
  watch: procedure
    .input(
      z.object({
        runs: z
          .record(RunId, z.number().int().min(0))
          .refine((runs) => Object.keys(runs).length <= 200, 'expected at most 200 runs'),
        lastEventId: z.string().optional(),
      }),
    )
    .subscription(async function* ({ ctx, input, signal }) {
      const cursors = parseCursors(input.lastEventId, input.runs)
      for await (const news of watchRuns(ctx.runner, cursors, signal)) {
        cursors[news.runId] = news.seq
        if (news.end) delete cursors[news.runId]
        yield tracked(formatCursors(cursors), news)
      }
    }),
})
