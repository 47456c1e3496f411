'use client'

import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { formatCount, plural } from '../../lib/format'
import type { RunFeed } from '../feed'
import { useWidth } from '../hooks'
import { pan, type TimeWindow, toTime, zoom } from '../scale'
import type { ViewStore } from '../store'
import { countsOf } from '../summary'
import { type Hit, hitTest } from './hit'
import { HoverCard } from './hover-card'
import { AXIS, failuresByCall, paint } from './paint'
import { fitRows, orderRows, type Picked, pickRows } from './rows'
import { useCanvas } from './use-canvas'

/** Most and least pixels the rows may take. */
const TALLEST = 420
const LOWEST = 64

interface Props {
  feed: RunFeed
  view: ViewStore
  tick: number
  /** The window in force: the chosen one, or all of the run up to now. */
  windowNow: () => TimeWindow
  limits: () => TimeWindow
}

/**
 * The execution timeline: a canvas with a row for each call, zoomed by wheel or pinch at the cursor, dragged to pan,
 * shift-dragged to select a stretch of time, clicked to open a call. The Calls table says the same to a screen reader.
 */
export function Timeline({ feed, view, tick, windowNow, limits }: Props) {
  const { model } = feed
  const { sort, errorsOnly, job, rowHeight, scroll, selected, window: chosen } = useStore(view)
  const [ref, width] = useWidth()
  const [hover, setHover] = useState<Hit & { x: number; y: number }>()
  const [band, setBand] = useState<[number, number]>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutable; `tick` says when it changed
  const order = useMemo(
    () => orderRows(model, { sort, errorsOnly, job, begun: true }),
    [model, sort, errorsOnly, job, tick],
  )
  const failures = model.failures.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is mutable and known by its length
  const earlier = useMemo(() => failuresByCall(model), [model, failures])
  // The height is that of all calls from the start, so that what is below does not move while they begin.
  const total = errorsOnly ? order.length : countsOf(model, job).reduce((a, b) => a + b, 0)
  const height = Math.round(Math.min(TALLEST, Math.max(LOWEST, total * 14)))
  const fitted = fitRows(order.length, height)
  const rowPx = Math.max(rowHeight ?? fitted, fitted)
  const mostScroll = Math.max(0, order.length * rowPx - height)
  const scrolled = Math.min(scroll, mostScroll)
  const painted = useRef<{ picked: Picked; scale: TimeWindow & { width: number }; now: number }>(undefined)

  const canvas = useCanvas(
    feed,
    { width, height: height + AXIS },
    (pen, palette) => {
      const now = feed.now()
      const picked = pickRows(model, order, { rowHeight: rowPx, scroll: scrolled, height })
      const scale = { ...windowNow(), width }
      painted.current = { picked, scale, now }
      const count = paint(pen, { model, picked, scale, height, palette, now, earlier, hover: hover?.row, selected })
      if (canvas.current) canvas.current.dataset.rows = String(count)
    },
    [order, earlier, rowPx, scrolled, height, hover?.row, selected, chosen],
  )

  const hitAt = useCallback(
    (x: number, y: number) => {
      const shown = painted.current
      if (shown) return hitTest(model, shown.picked, shown.scale, shown.now, x, y - AXIS)
    },
    [model],
  )
  const zoomRows = useCallback(
    (factor: number, y: number) => {
      const next = Math.min(28, Math.max(fitted, rowPx * factor))
      const row = (scrolled + y - AXIS) / rowPx
      view.setState({
        rowHeight: next <= fitted ? undefined : next,
        scroll: Math.max(0, Math.min(order.length * next - height, row * next - (y - AXIS))),
      })
    },
    [view, fitted, rowPx, scrolled, order.length, height],
  )
  useWheel(canvas, {
    zoom: (factor, at) => view.setState({ window: zoom(windowNow(), factor, at, limits()) }),
    pan: (fraction) => view.setState({ window: pan(windowNow(), fraction, limits()) }),
    rows: zoomRows,
  })
  const drag = useRef<{ x: number; y: number; window: TimeWindow; scroll: number; moved: boolean; select: boolean }>(
    undefined,
  )
  const onPointerDown = (event: PointerEvent<HTMLCanvasElement>) => {
    if (event.button !== 0) return
    const { offsetX: x, offsetY: y } = event.nativeEvent
    event.currentTarget.setPointerCapture(event.pointerId)
    drag.current = { x, y, window: windowNow(), scroll: scrolled, moved: false, select: event.shiftKey }
  }
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    const { offsetX: x, offsetY: y } = event.nativeEvent
    const from = drag.current
    if (!from) {
      const hit = hitAt(x, y)
      setHover(hit ? { ...hit, x, y } : undefined)
      return
    }
    if (!from.moved && Math.hypot(x - from.x, y - from.y) < 4) return
    from.moved = true
    setHover(undefined)
    if (from.select) {
      setBand([Math.min(from.x, x), Math.max(from.x, x)])
      return
    }
    view.setState({
      window:
        x === from.x && view.getState().window === undefined
          ? undefined
          : pan(from.window, (from.x - x) / width, limits()),
      scroll: Math.max(0, Math.min(mostScroll, from.scroll + from.y - y)),
    })
  }
  const onPointerUp = (event: PointerEvent<HTMLCanvasElement>) => {
    const from = drag.current
    drag.current = undefined
    const { offsetX: x, offsetY: y } = event.nativeEvent
    if (band && from) {
      const scale = { ...from.window, width }
      view.setState({ window: { from: toTime(scale, band[0]), to: toTime(scale, band[1]) } })
    }
    setBand(undefined)
    if (from && !from.moved) view.setState({ selected: hitAt(x, y)?.row })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const at = selected === undefined ? -1 : order.indexOf(selected)
    const next = order[Math.min(order.length - 1, Math.max(0, at + step))]
    if (next !== undefined) view.setState({ selected: next })
  }

  return (
    <>
      <div ref={ref} className="relative">
        <canvas
          ref={canvas}
          data-testid="timeline"
          data-rows={0}
          role="img"
          tabIndex={0}
          aria-label={`${describe(feed, order.length)} Arrow keys step through the calls; the Calls table below lists them.`}
          className="block touch-pan-y cursor-crosshair select-none"
          style={{ width: width || '100%', height: height + AXIS }}
          onPointerDown={onPointerDown}
          onPointerMove={onPointerMove}
          onPointerUp={onPointerUp}
          onPointerLeave={() => setHover(undefined)}
          onDoubleClick={() => view.setState({ window: undefined, rowHeight: undefined, scroll: 0 })}
          onKeyDown={onKeyDown}
        />
        {band && (
          <div
            aria-hidden="true"
            className="pointer-events-none absolute inset-y-0 border-accent border-x bg-accent/15"
            style={{ left: band[0], width: band[1] - band[0] }}
          />
        )}
        {rowPx > fitted && <ScrollMark top={scrolled} shown={height} all={order.length * rowPx} />}
        {hover && <HoverCard feed={feed} hit={hover} x={hover.x} y={hover.y} width={width} />}
      </div>
      {!errorsOnly && total > order.length && (
        <p className="tabular pt-1 text-ink-2 text-xs">
          {plural(total - order.length, 'call')}{' '}
          {model.status === 'running' ? 'waiting, without a row yet' : 'never reached a worker'}
        </p>
      )}
    </>
  )
}

/** Where in all rows the shown ones are. */
function ScrollMark({ top, shown, all }: { top: number; shown: number; all: number }) {
  return (
    <div
      aria-hidden="true"
      className="pointer-events-none absolute right-0 bottom-0 w-1 bg-line/60"
      style={{ top: AXIS }}
    >
      <div
        className="absolute w-1 rounded-full bg-control"
        style={{ top: `${(top / all) * 100}%`, height: `${(shown / all) * 100}%` }}
      />
    </div>
  )
}

function describe({ model }: RunFeed, rows: number): string {
  return `Execution timeline of ${formatCount(rows)} calls; ${formatCount(model.settled)} of the run's calls have ended.`
}

/** Milliseconds after the page scrolled in which a wheel still means the page: the pointer only happened to arrive here. */
const PAGE_SCROLL = 250

/** Wheel gestures: plain or pinch zooms time at the cursor, sideways pans, with shift zooms the rows. */
function useWheel(
  canvas: { current: HTMLCanvasElement | null },
  on: { zoom(factor: number, at: number): void; pan(fraction: number): void; rows(factor: number, y: number): void },
): void {
  const handlers = useRef(on)
  handlers.current = on
  useEffect(() => {
    const element = canvas.current
    if (!element) return
    let scrolledAt = Number.NEGATIVE_INFINITY
    const onScroll = () => {
      scrolledAt = performance.now()
    }
    const onWheel = (event: WheelEvent) => {
      if (performance.now() - scrolledAt < PAGE_SCROLL) return
      event.preventDefault()
      const { deltaX, deltaY, offsetX, offsetY } = event
      const factor = Math.exp(-(event.shiftKey ? deltaY || deltaX : deltaY) * (event.ctrlKey ? 0.01 : 0.0018))
      if (event.shiftKey) handlers.current.rows(factor, offsetY)
      else if (Math.abs(deltaX) > Math.abs(deltaY)) handlers.current.pan(deltaX / element.clientWidth)
      else handlers.current.zoom(factor, offsetX / element.clientWidth)
    }
    // React's wheel listeners are passive and could not keep the page from scrolling.
    element.addEventListener('wheel', onWheel, { passive: false })
    window.addEventListener('scroll', onScroll, { passive: true })
    return () => {
      element.removeEventListener('wheel', onWheel)
      window.removeEventListener('scroll', onScroll)
    }
  }, [canvas])
}
