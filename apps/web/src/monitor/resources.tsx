'use client'

import { useMemo } from 'react'
import { Area, ComposedChart, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { ChartFrame, ChartTip } from './chart'
import { type Band, type CallCurve, curveOf, resourcesOf } from './curves'
import type { RunFeed } from './feed'
import { formatSize } from './format'
import { type TimeWindow, tickLabel } from './scale'

const BINS = 160

interface Series {
  name: string
  band: Band
  colour: string
  /** The selected call's own values, at `CallCurve.at`. */
  own?: number[]
}

const percent = (value: number) => `${Math.round(value)} %`
const rate = (value: number) => `${formatSize(value)}/s`

/** CPU, memory and network of the calls over the shared window: median and p10–p90, the selected call on top. */
export function Resources(props: {
  feed: RunFeed
  tick: number
  window: TimeWindow
  selected?: number
  onSelect: (window: TimeWindow) => void
}) {
  const { feed, tick, window, selected, onSelect } = props
  const { model } = feed
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutable; `tick` says when it changed
  const all = useMemo(() => resourcesOf(model, window, BINS), [model, tick, window.from, window.to])
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  const own = useMemo(() => (selected === undefined ? undefined : curveOf(model, selected)), [model, tick, selected])
  const common = { at: all.at, origin: model.start, window, onSelect, own }
  return (
    <div data-testid="resources" className="grid gap-x-6 gap-y-3 md:grid-cols-3">
      <BandChart
        {...common}
        title="CPU of a call"
        format={percent}
        series={[{ name: 'CPU', band: all.cpu, colour: 'var(--chart-cpu)', own: own?.cpu }]}
      />
      <BandChart
        {...common}
        title="Memory of a worker"
        format={formatSize}
        series={[{ name: 'memory', band: all.memory, colour: 'var(--chart-memory)', own: own?.memory }]}
      />
      <BandChart
        {...common}
        title="Network of a call"
        format={rate}
        series={[
          { name: 'in', band: all.netIn, colour: 'var(--chart-in)', own: own?.netIn },
          { name: 'out', band: all.netOut, colour: 'var(--chart-out)', own: own?.netOut },
        ]}
      />
    </div>
  )
}

function BandChart(props: {
  title: string
  series: Series[]
  at: Float64Array
  own: CallCurve | undefined
  origin: number
  window: TimeWindow
  format: (value: number) => string
  onSelect: (window: TimeWindow) => void
}) {
  const { title, series, at, own, origin, window, format, onSelect } = props
  const points = useMemo(() => toPoints(series, at, own), [series, at, own])
  const highest = series.reduce((most, { band, own: mine }) => Math.max(most, top(band.high), top(mine ?? [])), 0)
  const median = series.map(({ name, band }) => `${name} ${format(middle(band.median))}`).join(', ')
  const measured = series.some(({ band }) => band.median.some((value) => !Number.isNaN(value)))
  return (
    <ChartFrame
      title={title}
      note={!measured ? 'no samples here' : highest > 0 ? `up to ${format(highest)}` : 'none'}
      summary={measured ? `Medians over the shown time: ${median}.` : 'No samples in the shown time.'}
      window={window}
      onSelect={onSelect}
      height={84}
    >
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 300, height: 84 }}>
        <ComposedChart data={points} margin={{ top: 4, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <XAxis dataKey="at" type="number" domain={[window.from, window.to]} allowDataOverflow hide />
          <YAxis hide domain={[0, highest > 0 ? highest * 1.05 : 1]} />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: 'var(--control)' }}
            content={({ active, payload }) => {
              const point = payload?.[0]?.payload as Record<string, number | [number, number] | undefined> | undefined
              if (!active || !point) return null
              return (
                <ChartTip
                  title={tickLabel((point.at as number) - origin, 10)}
                  lines={tipLines(series, point, format)}
                />
              )
            }}
          />
          {series.map(({ name, colour }, i) => (
            <Area
              key={`${name} band`}
              dataKey={`band${i}`}
              stroke="none"
              fill={colour}
              fillOpacity={0.2}
              isAnimationActive={false}
              activeDot={false}
              connectNulls={false}
            />
          ))}
          {series.map(({ name, colour }, i) => (
            <Line
              key={name}
              dataKey={`median${i}`}
              stroke={colour}
              strokeWidth={1.5}
              // The second line of a chart is dashed: told apart without its colour.
              strokeDasharray={i === 0 ? undefined : '5 3'}
              dot={false}
              activeDot={false}
              isAnimationActive={false}
            />
          ))}
          {own &&
            series.map(({ name }, i) => (
              <Line
                key={`${name} own`}
                dataKey={`own${i}`}
                stroke="var(--ink)"
                strokeWidth={1.25}
                dot={false}
                activeDot={false}
                connectNulls
                isAnimationActive={false}
              />
            ))}
        </ComposedChart>
      </ResponsiveContainer>
    </ChartFrame>
  )
}

type Point = Record<string, number | [number, number] | undefined>

/** Bins and the selected call's samples in one list by time, as recharts wants them. */
function toPoints(series: Series[], at: Float64Array, own: CallCurve | undefined): Point[] {
  const points: Point[] = Array.from(at, (time, i) => {
    const point: Point = { at: time }
    series.forEach(({ band }, k) => {
      if (Number.isNaN(band.median[i]!)) return
      point[`band${k}`] = [band.low[i]!, band.high[i]!]
      point[`median${k}`] = band.median[i]!
    })
    return point
  })
  if (!own) return points
  const width = at.length > 1 ? at[1]! - at[0]! : 1
  own.at.forEach((time, j) => {
    const bin = Math.floor((time - (at[0]! - width / 2)) / width)
    const point = points[bin]
    if (!point) return
    series.forEach((one, k) => {
      const value = one.own?.[j]
      if (value !== undefined && !Number.isNaN(value)) point[`own${k}`] = value
    })
  })
  return points
}

function tipLines(series: Series[], point: Point, format: (value: number) => string) {
  return series.flatMap(({ name, colour }, i) => {
    const median = point[`median${i}`] as number | undefined
    if (median === undefined) return []
    const [low, high] = point[`band${i}`] as [number, number]
    const mine = point[`own${i}`] as number | undefined
    const lines = [
      { name: `${name} p50`, value: format(median), colour },
      { name: 'p10–p90', value: `${format(low)} – ${format(high)}`, colour: 'transparent' },
    ]
    return mine === undefined ? lines : [...lines, { name: 'this call', value: format(mine), colour: 'var(--ink)' }]
  })
}

const top = (values: ArrayLike<number>) => {
  let most = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > most) most = values[i]!
  return most
}

const middle = (values: Float64Array) => {
  const known = values.filter((value) => !Number.isNaN(value)).sort()
  return known[known.length >> 1] ?? 0
}
