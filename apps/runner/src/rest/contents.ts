/** `/api/contents`: files, folders and notebooks, kept in step with the open documents and the kernels on them. */
import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { Events } from '../channels/events.js'
import type { Documents } from '../documents/documents.js'
import type { VersionCause } from '../documents/thinning.js'
import type { Kernels } from '../kernels.js'
import { toNotebook } from '../nbformat.js'
import { parseBody } from '../problem.js'
import type { Checkpoints } from '../workspace/checkpoints.js'
import type { Contents } from '../workspace/contents.js'
import { normalizePath } from '../workspace/paths.js'
import type { Uploads } from '../workspace/uploads.js'
import { bodyText, pathAfter } from './path.js'

const PREFIX = '/api/contents'

const flag = z.enum(['0', '1', 'true', 'false']).transform((value) => value === '1' || value === 'true')
const query = z.object({
  type: z.enum(['notebook', 'file', 'directory']).optional(),
  format: z.enum(['text', 'base64', 'json']).optional(),
  content: flag.default(true),
  hash: flag.default(false),
})
const saveBody = z.object({
  type: z.enum(['notebook', 'file', 'directory']),
  format: z.enum(['json', 'text', 'base64']).nullish(),
  content: z.unknown().optional(),
  chunk: z.number().int().optional(),
})
const createBody = z.object({
  copy_from: z.string().optional(),
  type: z.enum(['notebook', 'file', 'directory']).default('file'),
  ext: z
    .string()
    .regex(/^[^/\\]*$/)
    .default(''),
})
const renameBody = z.object({ path: z.string().min(1) })

export interface ContentsServices {
  contents: Contents
  checkpoints: Checkpoints
  uploads: Uploads
  documents: Documents
  kernels: Kernels
  events: Events
}

export function contentsRoutes({ contents, checkpoints, uploads, documents, kernels, events }: ContentsServices): Hono {
  const app = new Hono()
  const at = (c: Context) => normalizePath(pathAfter(c, PREFIX))

  /** The file and checkpoint that a URL ending in `/checkpoints[/id]` means, unless a folder of that name exists. */
  const checkpointAt = async (c: Context) => {
    const path = at(c)
    const match = /^(.+)\/checkpoints(?:\/([^/]+))?$/.exec(path)
    if (!match || (await contents.exists(path))) return undefined
    return { path: match[1]!, id: match[2] }
  }

  /** Checkpoints of notebooks are also in their history; what is no readable notebook has none. */
  const keep = async (path: string, cause: VersionCause) => {
    if (!path.endsWith('.ipynb')) return
    await documents.keep(path, cause).catch((error) => {
      if (error.code !== 'E_NOTEBOOK_INVALID' && error.code !== 'E_NOT_FOUND') throw error
    })
  }

  const get = async (c: Context) => {
    const checkpoint = await checkpointAt(c)
    if (checkpoint) return c.json(await checkpoints.list(checkpoint.path))
    const { type, format, content, hash } = parseBody(query, JSON.stringify(c.req.query()))
    const path = at(c)
    // What cannot be saved at the moment need not hinder reading.
    if (path !== '') await documents.flush(path).catch(() => undefined)
    return c.json(await contents.get(path, { type, format: format === 'json' ? undefined : format, content, hash }))
  }

  const put = async (c: Context) => {
    const path = at(c)
    const body = parseBody(saveBody, await bodyText(c))
    if (body.chunk !== undefined && body.type !== 'directory') {
      await uploads.chunk(path, { ...body, chunk: body.chunk })
      if (body.chunk === -1) events.contents('save', path)
      return c.json(await contents.get(path, { content: false }).catch(() => uploads.model(path)), 201)
    }
    const open = body.type === 'notebook' ? documents.peek(path) : undefined
    if (open) {
      await open.replace(toNotebook(body.content, path))
      events.contents('save', path)
      return c.json(await contents.get(path, { content: false, hash: true }))
    }
    const { model, created } = await contents.save(path, body)
    // A kernel may have been waiting for its notebook to come into being.
    if (body.type === 'notebook' && kernels.ofNotebook(path)) await documents.open(path)
    events.contents(created ? 'create' : 'save', path)
    return c.json(model, created ? 201 : 200)
  }

  const post = async (c: Context) => {
    const checkpoint = await checkpointAt(c)
    if (checkpoint?.id !== undefined) {
      await documents.flush(checkpoint.path)
      await checkpoints.require(checkpoint.path, checkpoint.id)
      await keep(checkpoint.path, 'restore')
      await checkpoints.restore(checkpoint.path, checkpoint.id)
      await documents.peek(checkpoint.path)?.refresh()
      return c.body(null, 204)
    }
    if (checkpoint) {
      await documents.flush(checkpoint.path)
      await keep(checkpoint.path, 'checkpoint')
      return c.json(await checkpoints.create(checkpoint.path), 201)
    }
    const { copy_from: from, type, ext } = parseBody(createBody, await bodyText(c))
    if (from === undefined) {
      const made = await contents.newUntitled(at(c), type, ext)
      events.contents('create', made.path)
      return c.json(made, 201)
    }
    await documents.flush(normalizePath(from))
    const copy = await contents.copy(from, at(c))
    events.contents('copy', copy.path, normalizePath(from))
    return c.json(copy, 201)
  }

  const patch = async (c: Context) => {
    const from = at(c)
    const to = normalizePath(parseBody(renameBody, await bodyText(c)).path)
    await documents.move(
      from,
      to,
      async () => {
        await contents.rename(from, to)
        await checkpoints.follow(from, to)
      },
      () => kernels.moved(from, to),
    )
    events.contents('rename', to, from)
    return c.json(await contents.get(to, { content: false }))
  }

  const remove = async (c: Context) => {
    const checkpoint = await checkpointAt(c)
    if (checkpoint?.id !== undefined) {
      await checkpoints.delete(checkpoint.path, checkpoint.id)
      return c.body(null, 204)
    }
    const path = at(c)
    await documents.remove(path, () => contents.delete(path))
    await checkpoints.follow(path)
    events.contents('delete', path)
    return c.body(null, 204)
  }

  for (const route of [PREFIX, `${PREFIX}/*`]) {
    app.get(route, get)
    app.put(route, put)
    app.post(route, post)
    app.patch(route, patch)
    app.delete(route, remove)
  }
  return app
}
