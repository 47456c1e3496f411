/** `/api/mayfly/language`: how the language server is doing. */
import { Hono } from 'hono'
import type { LanguageService } from '../language/service.js'
import { treeUsage } from './process-tree.js'

/** `{ pid, rss, restarts, notebooks }`: process id or null, resident bytes, deaths so far, open notebooks. */
export function languageRoutes(language: LanguageService): Hono {
  const app = new Hono()
  app.get('/api/mayfly/language', (c) => {
    const status = language.status()
    const tree = status.pid === null ? undefined : treeUsage(status.pid)
    return c.json({ ...status, rss: tree?.rss ?? 0 })
  })
  return app
}
