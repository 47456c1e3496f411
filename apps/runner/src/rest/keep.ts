/** `POST /api/mayfly/kernels/<id>/keep`: the user wants an idle kernel to stay; its time begins anew. */
import { Hono } from 'hono'
import type { Kernels } from '../kernels.js'

export function keepRoutes(kernels: Kernels): Hono {
  const app = new Hono()
  app.post('/api/mayfly/kernels/:id/keep', (c) => {
    kernels.keep(c.req.param('id'))
    return c.body(null, 204)
  })
  return app
}
