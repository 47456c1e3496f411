/** `/api/kernelspecs`, `/api/kernels`, `/api/sessions`. */
import { Hono } from 'hono'
import { z } from 'zod'
import { KERNEL_NAME, type Kernels } from '../kernels.js'
import { notFound, parseBody } from '../problem.js'
import { bodyText } from './path.js'

const SPEC = {
  name: KERNEL_NAME,
  spec: {
    argv: [],
    env: {},
    display_name: 'TypeScript (Mayfly)',
    language: 'typescript',
    interrupt_mode: 'message',
    metadata: {},
  },
  resources: {},
}

const kernelRequest = z.object({ name: z.string().nullish(), path: z.string().nullish() })
const kernelChoice = z.object({ id: z.string().nullish(), name: z.string().nullish() }).nullish()
const sessionRequest = z.object({
  path: z.string().min(1),
  name: z.string().optional(),
  type: z.string().optional(),
  kernel: kernelChoice,
})
const sessionPatch = sessionRequest.partial()

const cancelRequest = z.object({ cellId: z.string() })

export function kernelRoutes(kernels: Kernels): Hono {
  const app = new Hono()
  app.get('/api/kernelspecs', (c) => c.json({ default: KERNEL_NAME, kernelspecs: { [KERNEL_NAME]: SPEC } }))
  app.get('/api/kernelspecs/:name', (c) => {
    const name = c.req.param('name')
    if (name !== KERNEL_NAME) throw notFound('kernel spec', name)
    return c.json(SPEC)
  })

  app.get('/api/kernels', (c) => c.json(kernels.list()))
  app.post('/api/kernels', async (c) => {
    const { name, path } = parseBody(kernelRequest, await bodyText(c))
    return c.json(await kernels.start(name || KERNEL_NAME, path ?? ''), 201)
  })
  app.get('/api/kernels/:id', (c) => c.json(kernels.model(c.req.param('id'))))
  app.delete('/api/kernels/:id', async (c) => {
    await kernels.remove(c.req.param('id'))
    return c.body(null, 204)
  })
  app.post('/api/kernels/:id/interrupt', async (c) => {
    await kernels.interrupt(c.req.param('id'))
    return c.body(null, 204)
  })
  app.post('/api/mayfly/kernels/:id/cancel', async (c) => {
    const { cellId } = parseBody(cancelRequest, await bodyText(c))
    return c.json({ cancelled: kernels.get(c.req.param('id')).kernel.cancel(cellId) })
  })
  app.post('/api/kernels/:id/restart', async (c) => c.json(await kernels.restart(c.req.param('id'))))

  app.get('/api/sessions', (c) => c.json(kernels.listSessions()))
  app.post('/api/sessions', async (c) => {
    return c.json(await kernels.createSession(parseBody(sessionRequest, await bodyText(c))), 201)
  })
  app.get('/api/sessions/:id', (c) => c.json(kernels.getSession(c.req.param('id'))))
  app.patch('/api/sessions/:id', async (c) => {
    return c.json(await kernels.patchSession(c.req.param('id'), parseBody(sessionPatch, await bodyText(c))))
  })
  app.delete('/api/sessions/:id', async (c) => {
    await kernels.removeSession(c.req.param('id'))
    return c.body(null, 204)
  })
  return app
}
