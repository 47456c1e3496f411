/** `/files` and `/api/mayfly/outputs`: the bytes of files, streamed, whole or one range of them. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { type Context, Hono } from 'hono'
import { notFound } from '../problem.js'
import { mimeType } from '../workspace/mime.js'
import type { Outputs } from '../workspace/outputs.js'
import { baseName, normalizePath } from '../workspace/paths.js'
import type { Workspace } from '../workspace/workspace.js'
import { pathAfter } from './path.js'

const OUTPUTS = '/api/mayfly/outputs'

export function fileRoutes(workspace: Workspace, outputs: Outputs): Hono {
  const app = new Hono()
  app.get('/files/*', async (c) => {
    const path = normalizePath(pathAfter(c, '/files'))
    return sendFile(c, await workspace.resolve(path), path, mimeType(path) ?? 'application/octet-stream')
  })
  app.get(`${OUTPUTS}/*`, async (c) => {
    const path = pathAfter(c, OUTPUTS)
    return sendFile(c, await outputs.locate(path), path, 'text/plain; charset=utf-8')
  })
  return app
}

/** Streams a file; `?download` or `?download=1` makes browsers save it instead of showing it. Throws `E_NOT_FOUND`. */
async function sendFile(c: Context, absolute: string, path: string, type: string): Promise<Response> {
  const stats = await stat(absolute).catch(() => undefined)
  if (!stats?.isFile()) throw notFound('file', path)
  const range = parseRange(c.req.header('range'), stats.size)
  const headers: Record<string, string> = {
    'content-type': type,
    'last-modified': stats.mtime.toUTCString(),
    'accept-ranges': 'bytes',
    // A page among the user's files must not act with the rights of ours.
    'content-security-policy': 'sandbox',
    'x-content-type-options': 'nosniff',
  }
  if ((c.req.query('download') ?? '0') !== '0')
    headers['content-disposition'] = `attachment; filename*=UTF-8''${encodeURIComponent(baseName(path))}`
  if (range === 'unsatisfiable') return c.body(null, 416, { 'content-range': `bytes */${stats.size}` })
  const { start, end } = range ?? { start: 0, end: stats.size - 1 }
  if (range) headers['content-range'] = `bytes ${start}-${end}/${stats.size}`
  headers['content-length'] = String(end - start + 1)
  if (stats.size === 0 || c.req.method === 'HEAD') return c.body(null, range ? 206 : 200, headers)
  const stream = Readable.toWeb(createReadStream(absolute, { start, end })) as ReadableStream<Uint8Array>
  return c.body(stream, range ? 206 : 200, headers)
}

/** A single `bytes=` range within `size` bytes, both ends included; undefined for none or for several, which mean the whole file. */
export function parseRange(
  header: string | undefined,
  size: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = header && /^bytes=(\d*)-(\d*)$/.exec(header.trim())
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const suffix = match[1] === ''
  const start = suffix ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = suffix || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  return start > end ? 'unsatisfiable' : { start, end }
}
