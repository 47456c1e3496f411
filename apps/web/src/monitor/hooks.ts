'use client'

import { useEffect, useReducer, useState, useSyncExternalStore } from 'react'
import { useTRPCClient } from '../lib/trpc'
import { hubOf, type RunFeed } from './feed'

/** The feed of a run, kept up to date while the component is on the page and `wanted` holds. */
export function useFeed(runId: string, wanted = true): RunFeed {
  const hub = hubOf(useTRPCClient())
  useEffect(() => (wanted ? hub.use(runId) : undefined), [hub, runId, wanted])
  return hub.feed(runId)
}

/** Whether the page's live connection stands. */
export function useConnected(): boolean {
  const hub = hubOf(useTRPCClient())
  return useSyncExternalStore(
    (listener) => hub.subscribe(listener),
    () => hub.connected,
    () => true,
  )
}

/** Rendering may take this share of the time; a run of 100,000 calls is drawn less often rather than slowly. */
const SHARE = 0.2
/** … but never less often than this, ms: what looked like a dear render may have been something else. */
const LONGEST = 1500

/**
 * Renders again when the feed has news, at most once in `every` ms, and at that pace while the run moves by itself. The
 * number returned changes with each such render: what is computed from the model depends on it.
 */
export function useTick(feed: RunFeed, every = 250): number {
  const [tick, bump] = useReducer((n: number) => n + 1, 0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let next = 0
    let gone = false
    const show = () => {
      timer = undefined
      const start = performance.now()
      next = start + every
      bump()
      // The render comes before the next task, so that task knows what it cost.
      setTimeout(() => {
        const cost = performance.now() - start
        next = start + Math.max(every, Math.min(cost / SHARE, LONGEST))
        if (feed.moving && !gone) later(next - performance.now())
      })
    }
    const later = (wait: number) => {
      timer ??= setTimeout(show, wait)
    }
    const news = () => {
      if (feed.state === 'ended' || feed.state === 'missing') {
        // The last news is the one that stays: it does not wait its turn.
        clearTimeout(timer)
        timer = undefined
        next = 0
      }
      later(Math.max(0, next - performance.now()))
    }
    const leave = feed.subscribe(news)
    news()
    return () => {
      gone = true
      leave()
      clearTimeout(timer)
    }
  }, [feed, every])
  return tick
}

/** Calls `draw` on the next frame after news of the feed, and some ten times a second while the run moves by itself. */
export function onFrames(feed: RunFeed, draw: () => void): { dirty: () => void; stop: () => void } {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const run = () => {
    frame = 0
    draw()
    clearTimeout(timer)
    if (feed.moving) timer = setTimeout(dirty, calm ? 1000 : 80)
  }
  const dirty = () => {
    if (frame === 0) frame = requestAnimationFrame(run)
  }
  const leave = feed.subscribe(dirty)
  dirty()
  return {
    dirty,
    stop: () => {
      leave()
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    },
  }
}

/** Width of an element in CSS pixels, 0 before it is known. Give `ref` to the element. */
export function useWidth(): [(element: HTMLElement | null) => void, number] {
  const [element, ref] = useState<HTMLElement | null>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    if (!element) return
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)))
    observer.observe(element)
    return () => observer.disconnect()
  }, [element])
  return [ref, width]
}
