'use client'

import { type PointerEvent, type ReactNode, useRef, useState } from 'react'
import type { TimeWindow } from './scale'

/** Points for each chart: enough for one every two pixels of a wide screen, few enough to redraw four times a second. */
export const BINS = 300

/** A chart over the shared window: a title, the value now, and dragging across it chooses a stretch of time. */
export function ChartFrame(props: {
  title: string
  note?: ReactNode
  testId?: string
  window: TimeWindow
  onSelect: (window: TimeWindow) => void
  height: number
  summary: string
  children: ReactNode
}) {
  const { title, note, testId, window, onSelect, height, summary, children } = props
  const area = useRef<HTMLDivElement>(null)
  const start = useRef<number>(undefined)
  const [band, setBand] = useState<[number, number]>()
  const xOf = (event: PointerEvent) => event.clientX - area.current!.getBoundingClientRect().left
  const onPointerMove = (event: PointerEvent) => {
    if (start.current === undefined) return
    const x = xOf(event)
    if (Math.abs(x - start.current) > 3) setBand([Math.min(x, start.current), Math.max(x, start.current)])
  }
  const finish = () => {
    start.current = undefined
    if (!band || !area.current) return
    const { width } = area.current.getBoundingClientRect()
    const timeAt = (x: number) => window.from + (Math.min(Math.max(x, 0), width) / width) * (window.to - window.from)
    setBand(undefined)
    onSelect({ from: timeAt(band[0]), to: timeAt(band[1]) })
  }
  return (
    <figure data-testid={testId} className="min-w-0">
      <figcaption className="mb-1 flex items-baseline gap-2 text-xs">
        <span className="font-medium">{title}</span>
        <span className="tabular text-ink-2">{note}</span>
        <span className="sr-only">{summary}</span>
      </figcaption>
      <div
        ref={area}
        aria-hidden="true"
        className="mon-chart relative cursor-crosshair touch-pan-y select-none"
        style={{ height }}
        onPointerDown={(event) => {
          if (event.button === 0) start.current = xOf(event)
        }}
        onPointerMove={onPointerMove}
        onPointerUp={finish}
        onPointerLeave={finish}
      >
        {children}
        {band && (
          <div
            className="pointer-events-none absolute inset-y-0 border-accent border-x bg-accent/15"
            style={{ left: band[0], width: band[1] - band[0] }}
          />
        )}
      </div>
    </figure>
  )
}

/** The box that follows the pointer over a chart. */
export function ChartTip({
  title,
  lines,
}: {
  title: string
  lines: { name: string; value: string; colour: string }[]
}) {
  return (
    <div className="rounded-md border border-line bg-raised px-2 py-1.5 text-xs shadow-float">
      <p className="tabular mb-0.5 text-ink-2">{title}</p>
      {lines.map(({ name, value, colour }) => (
        <p key={name} className="flex items-center gap-2">
          <span className="size-2 rounded-[2px]" style={{ background: colour }} />
          {name}
          <span className="tabular ml-auto pl-3 font-medium">{value}</span>
        </p>
      ))}
    </div>
  )
}
