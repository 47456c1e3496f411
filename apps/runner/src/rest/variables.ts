/** `/api/mayfly/kernels/<id>/variables`: what the cells have defined, and what is inside. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Kernels } from '../kernels.js'
import { parseBody } from '../problem.js'

const PREFIX = '/api/mayfly/kernels/:id/variables'

const path = z.array(z.union([z.string(), z.int().min(0)])).max(100)
const from = z.int().min(0)

/** `path` is a JSON array of the keys of children; `from` the first child to list. */
export function variableRoutes(kernels: Kernels): Hono {
  const app = new Hono()
  app.get(PREFIX, async (c) => c.json(await kernels.get(c.req.param('id')).kernel.variables()))
  app.get(`${PREFIX}/:name`, async (c) => {
    const { kernel } = kernels.get(c.req.param('id'))
    const keys = parseBody(path, c.req.query('path') || '[]')
    return c.json(await kernel.variable(c.req.param('name'), keys, parseBody(from, c.req.query('from') || '0')))
  })
  return app
}
