/** `/api/mayfly/runs`: the runs of the workspace and their logs. */

import type { RunStore } from '@mayfly/executor/runs'
import { Hono } from 'hono'
import { z } from 'zod'
import { parseBody } from '../problem.js'

const tailQuery = z.object({
  after: z.coerce.number().int().min(0).default(0),
  follow: z.enum(['0', '1']).default('0'),
})

export function runRoutes(runs: RunStore): Hono {
  const app = new Hono()
  app.get('/api/mayfly/runs', async (c) => c.json(await runs.list()))
  app.get('/api/mayfly/runs/:id', async (c) => c.json(await runs.get(c.req.param('id'))))
  app.get('/api/mayfly/runs/:id/events', async (c) => {
    const { after, follow } = parseBody(tailQuery, JSON.stringify(c.req.query()))
    const stream = await runs.tail(c.req.param('id'), after, follow === '1')
    return c.body(stream, 200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store, no-transform' })
  })
  app.post('/api/mayfly/runs/:id/cancel', async (c) => {
    await runs.cancel(c.req.param('id'))
    return c.json({}, 202)
  })
  return app
}
