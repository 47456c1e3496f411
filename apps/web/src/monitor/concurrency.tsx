'use client'

import { useMemo } from 'react'
import { Area, AreaChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { BINS, ChartFrame, ChartTip } from './chart'
import { concurrencyOf } from './curves'
import type { RunFeed } from './feed'
import { S } from './model'
import { type TimeWindow, tickLabel } from './scale'

interface Point {
  at: number
  onWorker: number
  inFunction: number
}

/** How many calls were under way at once, over the shared window: on workers, and of those inside the user's function. */
export function Concurrency(props: {
  feed: RunFeed
  tick: number
  window: TimeWindow
  onSelect: (window: TimeWindow) => void
}) {
  const { feed, tick, window, onSelect } = props
  const { model } = feed
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutable; `tick` says when it changed
  const curve = useMemo(() => concurrencyOf(model, window, BINS, feed.now()), [model, tick, window.from, window.to])
  const present = feed.now()
  const points: Point[] = []
  curve.at.forEach((at, i) => {
    // Nothing is known of the future, not even zero.
    if (at <= present) points.push({ at, onWorker: curve.onWorker[i]!, inFunction: curve.inFunction[i]! })
  })
  const now = feed.moving ? model.counts[S.running] : undefined
  return (
    <ChartFrame
      title="Concurrency"
      testId="concurrency"
      note={`peak ${curve.peak}${now === undefined ? '' : ` · now ${now}`}`}
      summary={`At most ${curve.peak} calls at once.`}
      window={window}
      onSelect={onSelect}
      height={92}
    >
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 600, height: 92 }}>
        <AreaChart data={points} margin={{ top: 4, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <XAxis dataKey="at" type="number" domain={[window.from, window.to]} hide />
          <YAxis hide domain={[0, Math.max(1, curve.peak)]} />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: 'var(--control)' }}
            content={({ active, payload }) => {
              const point = payload?.[0]?.payload as Point | undefined
              if (!active || !point) return null
              return (
                <ChartTip
                  title={tickLabel(point.at - model.start, 10)}
                  lines={[
                    { name: 'on workers', value: String(point.onWorker), colour: 'var(--phase-3)' },
                    { name: 'in your function', value: String(point.inFunction), colour: 'var(--phase-4)' },
                  ]}
                />
              )
            }}
          />
          <Area
            dataKey="onWorker"
            type="stepAfter"
            stroke="var(--phase-3)"
            fill="var(--phase-3)"
            fillOpacity={0.22}
            strokeWidth={1.25}
            isAnimationActive={false}
            activeDot={false}
          />
          <Area
            dataKey="inFunction"
            type="stepAfter"
            stroke="var(--phase-4)"
            fill="var(--phase-4)"
            fillOpacity={0.35}
            strokeWidth={1}
            isAnimationActive={false}
            activeDot={false}
          />
        </AreaChart>
      </ResponsiveContainer>
    </ChartFrame>
  )
}
