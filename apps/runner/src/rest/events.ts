/** `POST /api/events`: an event of one client for all that subscribed. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Events } from '../channels/events.js'
import { parseBody } from '../problem.js'
import { bodyText } from './path.js'

const eventBody = z.object({
  schema_id: z.string().min(1).max(1000),
  version: z.union([z.string(), z.number()]).optional(),
  data: z.record(z.string(), z.unknown()),
})

export function eventRoutes(events: Events): Hono {
  const app = new Hono()
  app.post('/api/events', async (c) => {
    const { schema_id, data } = parseBody(eventBody, await bodyText(c))
    events.emit({ ...data, schema_id })
    return c.body(null, 204)
  })
  return app
}
