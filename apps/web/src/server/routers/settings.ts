import { z } from 'zod'
import { procedure, router } from '../trpc'

const Section = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.number()), z.record(z.string(), z.string()), z.null()]),
)

export const settingsRouter = router({
  /** What is in force in the workspace, where it comes from, and which backends are configured. */
  config: procedure.query(({ ctx }) => ctx.runner.config()),
  /** Changes `mayfly.config.json`, unless it has changed since `etag`. The runner says which fields there are. */
  connectAws: procedure
    .input(z.object({ etag: z.string().min(1), aws_lambda: Section, aws_s3: Section }))
    .mutation(({ ctx, input: { etag, ...change } }) => ctx.runner.changeConfig(change, etag)),
  /** Walks the account, a check as each step ends. The end of the subscription ends the walk. */
  checkAws: procedure.subscription(async function* ({ ctx, signal }) {
    yield* ctx.runner.checkAws(signal ?? new AbortController().signal)
  }),
})
