/** `/api/mayfly/config` and `/api/mayfly/doctor/aws`: the configuration of the workspace, and whether the account it names works. */
import { MayflyError } from '@mayfly/executor/errors'
import { Hono } from 'hono'
import { z } from 'zod'
import { parseBody } from '../problem.js'
import { ask, askOnce } from '../settings/ask.js'
import { type Change, changeConfig, targetOf } from '../settings/file.js'
import type { Workspace } from '../workspace/workspace.js'
import { bodyText } from './path.js'

/** Ids of AWS's access keys, and what has the form of the secret ones. */
const KEY = /\b(AKIA|ASIA)[A-Z0-9]{12,}|^[A-Za-z0-9/+]{40}$/
const text = z
  .string()
  .trim()
  .min(1)
  .max(2048)
  .refine(
    (value) => !KEY.test(value),
    'looks like a key, which must not stand in a file: use a profile or {{env.NAME}}',
  )
const reference = z.string().regex(/^\{\{env\.[A-Za-z_]\w*\}\}$/, 'must name an environment variable: {{env.NAME}}')
const field = <T extends z.ZodType>(type: T) => type.nullable().optional()

/** Fields a page may change; `null` removes one. No field takes a secret. */
const changeBody = z.strictObject({
  aws_lambda: z
    .strictObject({
      region: field(text),
      role: field(text),
      profile: field(text),
      endpoint: field(text),
      functionPrefix: field(text),
      architecture: field(text),
      memoryClasses: field(z.array(z.int()).max(20)),
      functions: field(z.record(z.string(), text)),
    })
    .optional(),
  aws_s3: z
    .strictObject({
      region: field(text),
      bucket: field(text),
      profile: field(text),
      endpoint: field(text),
      forcePathStyle: field(z.boolean()),
      compat: field(z.boolean()),
      accessKeyId: field(reference),
      secretAccessKey: field(reference),
    })
    .optional(),
})

export function settingsRoutes(workspace: Workspace): Hono {
  const app = new Hono()
  /** One change at a time: the second must see what the first has written. */
  let writing: Promise<unknown> = Promise.resolve()
  const places = { workspace: workspace.root, home: workspace.home }

  app.get('/api/mayfly/config', async (c) => {
    // The tag is older than the report: a change between the two is a conflict, not a loss.
    const target = await targetOf(workspace)
    const report = await askOnce('report', places)
    return c.json({ ...(report as object), target })
  })

  app.put('/api/mayfly/config', async (c) => {
    const etag = c.req.header('if-match')?.replace(/^"|"$/g, '')
    if (!etag) {
      const hint = 'Send the etag of GET /api/mayfly/config as If-Match.'
      throw new MayflyError('E_REQUEST_INVALID', 'the header If-Match is missing', { hint })
    }
    const change = parseBody(changeBody, await bodyText(c)) as Change
    const check = async (next: string) => void (await askOnce('check', { ...places, text: next }))
    const work = writing.then(() => changeConfig(workspace, change, { etag, check }))
    writing = work.catch(() => undefined)
    return c.json(await work)
  })

  app.post('/api/mayfly/doctor/aws', async (c) => {
    const stop = new AbortController()
    const checks = ask('aws', { ...places, signal: stop.signal })
    const encoder = new TextEncoder()
    // Awaited here, so that a configuration which cannot be read is refused with its reason.
    let next = await checks.next()
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (next.done) return controller.close()
        controller.enqueue(encoder.encode(`${JSON.stringify(next.value)}\n`))
        next = await checks.next()
      },
      cancel: () => stop.abort(),
    })
    return c.body(stream, 200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store, no-transform' })
  })
  return app
}
