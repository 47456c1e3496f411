/** The parts of Jupyter's API that tell about the server itself: `/api`, `/api/status`, `/api/me`, `/api/terminals`. */
import { createRequire } from 'node:module'
import { Hono } from 'hono'
import type { Kernels } from '../kernels.js'

const { version: VERSION } = createRequire(import.meta.url)('../../package.json') as { version: string }

export function serverRoutes(kernels: Kernels): Hono {
  const app = new Hono()
  const started = new Date()
  app.get('/api', (c) => c.json({ version: VERSION }))
  app.get('/api/status', (c) => {
    const running = kernels.list()
    const activity = running.map((kernel) => kernel.last_activity).sort()
    return c.json({
      started: started.toISOString(),
      last_activity: activity.at(-1) ?? started.toISOString(),
      connections: running.reduce((sum, kernel) => sum + kernel.connections, 0),
      kernels: running.length,
    })
  })
  app.get('/api/me', (c) =>
    c.json({
      identity: {
        username: 'local',
        name: 'Local user',
        display_name: 'Local user',
        initials: 'LU',
        avatar_url: null,
        color: null,
      },
      permissions: {},
    }),
  )
  app.get('/api/terminals', (c) => c.json([]))
  return app
}
