import { kernelRouter } from './routers/kernel'
import { runsRouter } from './routers/runs'
import { settingsRouter } from './routers/settings'
import { workspaceRouter } from './routers/workspace'
import { createCallerFactory, router } from './trpc'

/** The whole API between page and web server. */
export const appRouter = router({
  kernel: kernelRouter,
  workspace: workspaceRouter,
  runs: runsRouter,
  settings: settingsRouter,
})
export type AppRouter = typeof appRouter

/** Calls procedures without HTTP, for pages rendered on the server. */
export const createCaller = createCallerFactory(appRouter)
