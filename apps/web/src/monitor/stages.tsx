'use client'

import { useMemo } from 'react'
import { useStore } from 'zustand'
import { formatCount, formatDuration } from '../lib/format'
import type { RunFeed } from './feed'
import { formatMoney, formatPercent, formatSize } from './format'
import type { ViewStore } from './store'
import { METRICS, type Metric, memoryLimit, QUANTILES, stagesOf } from './summary'
import { Nothing, PlainTable, ROW_LOOK, Td, TextButton, Th } from './tables'

/** Stages shown at most: every callAsync is a stage of its own, and a loop makes thousands. The last are the news. */
const MOST_STAGES = 100

const QUANTILE_NAMES = QUANTILES.map((p) => (p === 0 ? 'min' : p === 1 ? 'max' : `p${p * 100}`))

/** A line for each map or call of the run: counts, quantiles of a metric one chooses, resources and cost. */
export function Stages({ feed, tick, view }: { feed: RunFeed; tick: number; view: ViewStore }) {
  const { model } = feed
  const { metric, job } = useStore(view)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutable; `tick` says when it changed
  const stages = useMemo(() => stagesOf(model, metric, feed.now(), MOST_STAGES), [model, tick, metric])
  if (stages.length === 0) return <Nothing>The stages of the run appear here once a map or call is submitted.</Nothing>
  const format = METRICS[metric].unit === 'time' ? formatDuration : formatSize
  const limit = memoryLimit(model)
  return (
    <div className="space-y-2">
      <label className="inline-flex items-center gap-2 text-ink-2 text-xs">
        Quantiles of
        <select
          value={metric}
          onChange={(event) => view.setState({ metric: event.target.value as Metric })}
          className="h-7 rounded-md border border-line-strong bg-surface px-1.5 text-ink"
        >
          {Object.entries(METRICS).map(([id, { title }]) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </select>
        {model.jobs.length > MOST_STAGES && `the last ${MOST_STAGES} of ${formatCount(model.jobs.length)} stages`}
      </label>
      <PlainTable
        label="Stages"
        testId="stages-table"
        head={
          <>
            <Th>Stage</Th>
            <Th right>Calls</Th>
            <Th right>Done</Th>
            <Th right>Failed</Th>
            <Th right help="Calls that needed more than one attempt">
              Retried
            </Th>
            <Th right help="Share of calls whose worker was started for them">
              Cold
            </Th>
            {QUANTILE_NAMES.map((name) => (
              <Th key={name} right>
                {name}
              </Th>
            ))}
            <Th right help="CPU time over time inside the function">
              CPU
            </Th>
            <Th right help="Highest resident memory of any call">
              Peak memory
            </Th>
            <Th right>In</Th>
            <Th right>Out</Th>
            <Th right help="Memory of the workers times the time they were in use">
              GB-s
            </Th>
            <Th right help="What the stage would cost on AWS Lambda: an estimate">
              Lambda
            </Th>
            <Th right help="Time on workers that was not spent in your function">
              Idle
            </Th>
          </>
        }
      >
        {stages.map((stage) => {
          const close = limit !== undefined && stage.peakMemory > 0.85 * limit * 1e6
          return (
            <tr key={stage.job} className={ROW_LOOK} aria-selected={job === stage.index}>
              <Td>
                <TextButton
                  label={`${stage.job}: show ${job === stage.index ? 'all stages' : `only ${stage.name}`} in the timeline`}
                  onClick={() => view.setState({ job: job === stage.index ? undefined : stage.index, scroll: 0 })}
                >
                  <span className="font-mono">{stage.job}</span>
                </TextButton>
                <span className="ml-1 font-mono">{stage.name}</span>
              </Td>
              <Td right>{formatCount(stage.calls)}</Td>
              <Td right>{formatCount(stage.done)}</Td>
              <Td right className={stage.failed > 0 ? 'font-medium text-bad' : undefined}>
                {formatCount(stage.failed)}
              </Td>
              <Td right>{formatCount(stage.retried)}</Td>
              <Td right>{formatPercent(stage.coldShare)}</Td>
              {stage.quantiles.map((value, i) => (
                <Td key={QUANTILE_NAMES[i]} right className={i === 2 ? 'font-medium' : undefined}>
                  {Number.isNaN(value) ? '–' : format(value)}
                </Td>
              ))}
              <Td right>{formatPercent(stage.cpuUse)}</Td>
              <Td right className={close ? 'font-medium text-warn' : undefined}>
                {close && <span title="Above 85 % of the limit">⚠ </span>}
                {formatSize(stage.peakMemory)}
              </Td>
              <Td right>{formatSize(stage.bytesIn)}</Td>
              <Td right>{formatSize(stage.bytesOut)}</Td>
              <Td right>{stage.gbSeconds.toFixed(stage.gbSeconds < 10 ? 2 : 0)}</Td>
              <Td right>{formatMoney(stage.lambdaCost)}</Td>
              <Td right>{formatPercent(stage.idleShare)}</Td>
            </tr>
          )
        })}
      </PlainTable>
    </div>
  )
}
