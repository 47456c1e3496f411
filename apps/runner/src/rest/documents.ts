/** `/api/mayfly/documents`: notebooks whose outputs the runner owns. */
import { Hono } from 'hono'
import { z } from 'zod'
import type { Documents } from '../documents/documents.js'
import type { Kernels } from '../kernels.js'
import { notFound, parseBody } from '../problem.js'
import { bodyText, pathAfter } from './path.js'
import type { History } from './versions.js'

const PREFIX = '/api/mayfly/documents'

const record = z.record(z.string(), z.unknown())
const cell = z.object({
  id: z.string().regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, - or _'),
  cell_type: z.enum(['code', 'markdown', 'raw']),
  source: z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(''))]),
  metadata: record.default({}),
})
const saveBody = z.object({
  cells: z.array(cell).refine((cells) => new Set(cells.map((c) => c.id)).size === cells.length, 'ids must be unique'),
  metadata: record,
  hash: z.string(),
})
const clearBody = z.object({ cellIds: z.array(z.string()).optional() })

export function documentRoutes(documents: Documents, kernels: Kernels, history: History): Hono {
  const app = new Hono()
  app.get(`${PREFIX}/*`, async (c) => {
    const path = pathAfter(c, PREFIX)
    const version = history.address(path)
    if (version?.id !== undefined) return c.json(await history.read(version.path, version.id))
    if (version) return c.json(await history.list(version.path))
    const file = await documents.open(path)
    const { document } = file
    // What is answered was seen, and must be lasting.
    file.commit()
    const { fault } = file
    return c.json({
      notebook: document.notebook(),
      seq: document.seq,
      hash: document.hash,
      kernelId: kernels.ofNotebook(file.path)?.id ?? null,
      cells: document.states(),
      input: document.input(),
      fault: fault && { code: fault.code, message: fault.message, hint: fault.hint },
    })
  })
  app.put(`${PREFIX}/*`, async (c) => {
    const { cells, metadata, hash } = parseBody(saveBody, await bodyText(c))
    const file = await documents.open(pathAfter(c, PREFIX))
    await file.edit(cells, metadata, hash)
    return c.json({ hash: file.document.hash, seq: file.document.seq })
  })
  app.post(`${PREFIX}/*`, async (c) => {
    const path = pathAfter(c, PREFIX)
    const version = path.endsWith('/restore') ? history.address(path.slice(0, -'/restore'.length)) : undefined
    if (version?.id !== undefined) return c.json(await history.restore(version.path, version.id))
    if (!path.endsWith('/clear')) throw notFound('path', path)
    const { cellIds } = parseBody(clearBody, await bodyText(c))
    const file = await documents.open(path.slice(0, -'/clear'.length))
    const hub = kernels.ofNotebook(file.path)?.hub
    for (const message of file.clear(cellIds)) hub?.broadcast(message)
    file.commit()
    return c.json({ hash: file.document.hash, seq: file.document.seq })
  })
  return app
}
