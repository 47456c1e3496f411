'use client'
import { useEffect, useState } from 'react'
import { useServices } from './context'
import type { KernelFacts } from './notices'
import type { KernelUsage } from './runner-schemas'
import { useNotebook } from './store'

const EVERY_MS = 1000
const MB = 1 << 20

/** What the kernel takes of the machine, once a second while the page is in sight; undefined without a kernel. */
export function useUsage(): KernelUsage | undefined {
  const { client } = useServices()
  const kernelId = useNotebook((state) => state.kernelId)
  const there = useNotebook(({ kernel }) => kernel === 'idle' || kernel === 'busy')
  const [usage, setUsage] = useState<KernelUsage>()
  useEffect(() => {
    if (kernelId === undefined || !there) {
      setUsage(undefined)
      return
    }
    let wanted = true
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      clearTimeout(timer)
      if (document.hidden) return
      // A runner that does not answer is told by the connection's own banner.
      const taken = await client.usage(kernelId).catch(() => undefined)
      if (!wanted) return
      setUsage(taken)
      timer = setTimeout(look, EVERY_MS)
    }
    void look()
    document.addEventListener('visibilitychange', look)
    return () => {
      wanted = false
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [client, kernelId, there])
  return usage
}

/**
 * The share of memory in use, of the limit that is nearest; undefined without a limit. The limit of the process holds for
 * the kernel alone: what its workers take is no reason to stop a cell.
 */
export function memoryShare(usage: KernelUsage, facts: KernelFacts | undefined): number | undefined {
  const rssLimit = usage.rssLimit ?? (facts?.rssLimitMb ? facts.rssLimitMb * MB : undefined)
  const heapLimit = usage.heapLimit ?? (facts?.heapLimitMb ? facts.heapLimitMb * MB : undefined)
  const shares = [
    rssLimit ? (usage.ownRss ?? usage.rss) / rssLimit : undefined,
    heapLimit && usage.heapUsed ? usage.heapUsed / heapLimit : undefined,
  ].filter((share) => share !== undefined)
  return shares.length > 0 ? Math.min(1, Math.max(...shares)) : undefined
}
