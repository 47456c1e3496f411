'use client'

import { PHASES } from '@mayfly/executor/events'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { formatDuration } from '../lib/format'
import { IconButton } from '../ui/button'
import { StateCell } from './calls'
import { type CallCurve, curveOf } from './curves'
import type { RunFeed } from './feed'
import { formatPercent, formatSize } from './format'
import { LogList } from './logs'
import { type Failure, type RunModel, S } from './model'
import { segmentsOf, totalOf } from './phases'
import { METRICS } from './summary'

/** The side panel: all that is known of one call. */
export function CallDetail({ feed, row, onClose }: { feed: RunFeed; row: number; onClose: () => void }) {
  const { model } = feed
  const now = feed.now()
  const job = model.jobs[model.job.data[row]!]
  const segments = segmentsOf(model, row, now)
  const longest = Math.max(1, ...segments.map(({ from, to }) => to - from))
  const failures = model.failures.filter((failure) => failure.call === row)
  const logs = model.logs.filter((line) => line.call === row)
  const progress = model.progress.get(row)
  const run = METRICS.run.of(model, row)
  return (
    <aside
      aria-label={`Call ${row}`}
      data-testid="call-detail"
      className="flex flex-col gap-4 rounded-lg border border-line bg-surface p-4 text-[13px]"
    >
      <header className="flex items-start gap-2">
        <div className="min-w-0 grow">
          <h2 className="flex items-baseline gap-2 font-semibold text-base">
            Call {row}
            <span className="font-normal text-xs">
              <StateCell state={model.state.data[row]!} />
            </span>
          </h2>
          <p className="truncate text-ink-2 text-xs">
            {job && (
              <>
                element {row - job.first} of <code>{job.job}</code> {job.name}
              </>
            )}
          </p>
        </div>
        <span className="tabular font-medium">{formatDuration(totalOf(model, row, now))}</span>
        <IconButton small label="Close" keys="escape" onClick={onClose}>
          <X size={15} />
        </IconButton>
      </header>

      {progress && (
        <p className="tabular text-xs">
          Progress {progress.done}
          {progress.total !== undefined && ` of ${progress.total}`}
          {progress.note && ` · ${progress.note}`}
        </p>
      )}

      <Part title="Phases">
        <ul className="space-y-1 text-xs">
          {segments.map(({ phase, from, to, open }) => (
            <li
              key={phase}
              title={PHASES[phase]!.help}
              className="grid grid-cols-[8.5rem_1fr_4.5rem] items-center gap-2"
            >
              <span className="truncate">{PHASES[phase]!.title}</span>
              <span className="h-2 rounded-[2px] bg-sunken">
                <span
                  className="block h-2 rounded-[2px]"
                  style={{
                    width: `${Math.max(1.5, ((to - from) / longest) * 100)}%`,
                    background:
                      phase === 4 && model.state.data[row] === S.failed
                        ? 'var(--phase-failed)'
                        : `var(--phase-${phase})`,
                  }}
                />
              </span>
              <span className="tabular text-right font-medium">
                {formatDuration(to - from)}
                {open && ' …'}
              </span>
            </li>
          ))}
        </ul>
      </Part>

      <dl className="tabular grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-xs">
        <Fact name="Worker">
          <span className="break-all font-mono">{model.workers[model.worker.data[row]!] ?? '–'}</span>
          {model.cold.data[row] === 1 && ' · cold start'}
        </Fact>
        <Fact name="Attempts">{model.attempt.data[row] || '–'}</Fact>
        <Fact name="CPU">
          {formatDuration(model.cpuMs.data[row]!)} ({formatPercent(model.cpuMs.data[row]! / run)} of a core)
        </Fact>
        <Fact name="Peak memory">{formatSize(model.peakRss.data[row]!)}</Fact>
        <Fact name="Network">
          {formatSize(model.rx.data[row]!)} in, {formatSize(model.tx.data[row]!)} out
        </Fact>
        <Fact name="Input, result">
          {formatSize(model.bytesIn.data[row]!)}, {formatSize(model.bytesOut.data[row]!)}
        </Fact>
      </dl>

      <Curves model={model} row={row} />
      {failures.map((failure) => (
        <FailureNote key={`${failure.attempt} ${failure.to}`} failure={failure} />
      ))}
      {logs.length > 0 && (
        <Part title={logs.length > 50 ? `Log, the last 50 of ${logs.length} lines` : 'Log'}>
          <LogList lines={logs.slice(-50)} start={model.start} short />
        </Part>
      )}
    </aside>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1.5 font-medium text-ink-2 text-xs">{title}</h3>
      {children}
    </section>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-ink-2">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  )
}

function FailureNote({ failure }: { failure: Failure }) {
  const { attempt, final, kind, error } = failure
  return (
    <section className="rounded-md border border-bad/40 border-l-4 border-l-bad bg-bad-soft px-3 py-2 text-xs">
      <p className="text-ink-2">
        Attempt {attempt} {final ? 'failed for good' : 'failed and was tried again'} ({kind})
      </p>
      <p className="font-medium">
        {error.name}: {error.message}
      </p>
      {error.hint && <p className="text-ink-2">{error.hint}</p>}
      {error.stack && <pre className="mt-1 max-h-40 overflow-auto whitespace-pre text-[11px]">{error.stack}</pre>}
      <code className="text-ink-2">{error.code}</code>
    </section>
  )
}

function Curves({ model, row }: { model: RunModel; row: number }) {
  const curve = curveOf(model, row)
  if (curve.at.length < 2) {
    return <p className="text-ink-2 text-xs">Too short for a curve: samples are taken every 250 ms.</p>
  }
  return (
    <div className="grid grid-cols-3 gap-3">
      <Spark
        title="CPU"
        curve={curve}
        values={[curve.cpu]}
        colours={['var(--chart-cpu)']}
        format={(v) => `${Math.round(v)} %`}
      />
      <Spark
        title="Memory"
        curve={curve}
        values={[curve.memory]}
        colours={['var(--chart-memory)']}
        format={formatSize}
      />
      <Spark
        title="Network"
        curve={curve}
        values={[curve.netIn, curve.netOut]}
        colours={['var(--chart-in)', 'var(--chart-out)']}
        format={(v) => `${formatSize(v)}/s`}
      />
    </div>
  )
}

interface SparkProps {
  title: string
  curve: CallCurve
  values: number[][]
  colours: string[]
  format: (value: number) => string
}

/** A small curve of one call with its highest value. Plain SVG: a chart library would be ten times its size. */
function Spark({ title, curve, values, colours, format }: SparkProps) {
  const [W, H] = [100, 34]
  const from = curve.at[0]!
  const span = curve.at[curve.at.length - 1]! - from || 1
  const known = values.flat().filter((value) => !Number.isNaN(value))
  const most = known.reduce((a, b) => Math.max(a, b), 0)
  const lines = values.map((line) =>
    line
      .map((value, i) =>
        Number.isNaN(value)
          ? ''
          : `${(((curve.at[i]! - from) / span) * W).toFixed(1)},${(H - 1 - (most > 0 ? value / most : 0) * (H - 3)).toFixed(1)}`,
      )
      .filter(Boolean)
      .join(' '),
  )
  return (
    <figure>
      <figcaption className="tabular text-[11px] text-ink-2">
        <span className="block text-ink">{title}</span>
        <span className="block truncate">≤ {format(most)}</span>
      </figcaption>
      <svg
        aria-hidden="true"
        viewBox={`0 0 ${W} ${H}`}
        preserveAspectRatio="none"
        className="h-9 w-full rounded-sm bg-sunken"
      >
        {lines.map((points, i) => (
          <polyline
            key={colours[i]}
            points={points}
            fill="none"
            stroke={colours[i]}
            strokeWidth="1.5"
            strokeDasharray={i === 0 ? undefined : '4 2'}
            vectorEffect="non-scaling-stroke"
          />
        ))}
      </svg>
    </figure>
  )
}
