/** `/api/mayfly/kernels/<id>/usage`: what a kernel and the processes it started take of the machine; polled by pages. */
import { Hono } from 'hono'
import type { Kernel } from '../kernel/index.js'
import type { Kernels } from '../kernels.js'
import { treeUsage } from './process-tree.js'

export interface KernelUsage {
  /** Null while the kernel has no process. */
  pid: number | null
  /** Resident bytes of the kernel and its descendants; pages they share count for each. */
  rss: number
  /** Resident bytes of the kernel alone, which its limit is about. */
  ownRss: number | null
  rssLimit: number | null
  /** Bytes of the JavaScript heap; like the two above null while the kernel does not say. */
  heapUsed: number | null
  heapLimit: number | null
  /** Cores in use since the last look: 1 is one core fully used. */
  cpu: number
}

interface Look {
  at: number
  pid: number | undefined
  taken: Promise<{ usage: KernelUsage; cpuSeconds: number }>
}

/** However many pages ask, the machine is looked at only so often. */
const FRESH_MS = 500

export function usageRoutes(kernels: Kernels): Hono {
  const looks = new Map<string, Look>()

  const take = async (kernel: Kernel, at: number, before: Look | undefined): Promise<Awaited<Look['taken']>> => {
    const { pid } = kernel
    const tree = pid === undefined ? undefined : treeUsage(pid)
    const own = await kernel.usage()
    const cpuSeconds = tree?.cpuSeconds ?? 0
    const earlier = before && before.pid === pid ? await before.taken : undefined
    // Descendants that ended take their time along: the sum may go back.
    const spent = earlier ? Math.max(0, cpuSeconds - earlier.cpuSeconds) / ((at - before!.at) / 1000) : 0
    const usage = {
      pid: tree ? pid! : null,
      rss: tree?.rss ?? 0,
      ownRss: own?.rss ?? null,
      rssLimit: own?.rssLimit ?? null,
      heapUsed: own?.heapUsed ?? null,
      heapLimit: own?.heapLimit ?? null,
      cpu: Math.round(spent * 100) / 100,
    }
    return { usage, cpuSeconds }
  }

  const app = new Hono()
  app.get('/api/mayfly/kernels/:id/usage', async (c) => {
    const id = c.req.param('id')
    const { kernel } = kernels.get(id)
    const { pid } = kernel
    const at = performance.now()
    let look = looks.get(id)
    if (!look || look.pid !== pid || at - look.at >= FRESH_MS) {
      const running = new Set(kernels.list().map((kernel) => kernel.id))
      for (const known of looks.keys()) if (!running.has(known)) looks.delete(known)
      look = { at, pid, taken: take(kernel, at, look) }
      looks.set(id, look)
    }
    return c.json((await look.taken).usage)
  })
  return app
}
