'use client'

import { useMemo, useState } from 'react'
import { formatAgo, formatCount, formatDuration, plural } from '../lib/format'
import { Button } from '../ui/button'
import { type FailureGroup, failureGroupsOf, stragglersOf } from './diagnosis'
import type { RunFeed } from './feed'
import type { ViewStore } from './store'

import { Nothing, PlainTable, ROW_LOOK, Td, TextButton, Th } from './tables'

/** Calls that took far longer than those beside them, with the likely cause in words. */
export function Stragglers({ feed, tick, view }: { feed: RunFeed; tick: number; view: ViewStore }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the model is mutable; `tick` says when it changed
  const found = useMemo(() => stragglersOf(feed.model, feed.now()), [feed, tick])
  if (found.length === 0) {
    return <Nothing>No call takes longer than twice the third quartile of its stage.</Nothing>
  }
  return (
    <PlainTable
      label="Stragglers"
      head={
        <>
          <Th>Call</Th>
          <Th>Stage</Th>
          <Th right>Duration</Th>
          <Th right help="Times the median of its stage">
            × median
          </Th>
          <Th>Likely cause</Th>
        </>
      }
    >
      {found.slice(0, 200).map(({ row, job, duration, ratio, cause }) => (
        <tr key={row} className={ROW_LOOK}>
          <Td>
            <TextButton label={`Open call ${row}`} onClick={() => view.setState({ selected: row })}>
              {row}
            </TextButton>
          </Td>
          <Td className="font-mono">{feed.model.jobs[job]?.name}</Td>
          <Td right>{formatDuration(duration)}</Td>
          <Td right>{ratio.toFixed(1)}</Td>
          <Td className="w-full">{cause}</Td>
        </tr>
      ))}
    </PlainTable>
  )
}

const KIND_WORDS: Record<string, string> = {
  error: 'threw an error',
  timeout: 'ran out of time',
  oom: 'ran out of memory',
  lost: 'lost the worker',
  throttled: 'throttled',
  cancelled: 'cancelled',
  budget: 'stopped by the budget',
}

/** Failed attempts, grouped by what went wrong and where. */
export function Failures({ feed, tick, view }: { feed: RunFeed; tick: number; view: ViewStore }) {
  const { model } = feed
  const count = model.failures.length
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is mutable and known by its length
  const groups = useMemo(() => failureGroupsOf(model), [model, count, tick > 0])
  if (groups.length === 0) return <Nothing>No attempt has failed.</Nothing>
  return (
    <ul className="space-y-3">
      {groups.map((group) => (
        <Group key={group.key} group={group} onOpen={(selected) => view.setState({ selected })} />
      ))}
    </ul>
  )
}

function Group({ group, onOpen }: { group: FailureGroup; onOpen: (call: number) => void }) {
  const [all, setAll] = useState(false)
  const shown = all ? group.calls.slice(0, 500) : group.calls.slice(0, 12)
  const retried = group.count - group.final
  return (
    <li className="rounded-lg border border-line border-l-4 border-l-bad bg-surface px-4 py-3 text-[13px]">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <span className="tabular font-semibold">{plural(group.count, 'attempt')}</span>
        <span>{KIND_WORDS[group.kind] ?? group.kind}:</span>
        <span className="font-medium">
          {group.name}: {group.message}
        </span>
      </p>
      {group.hint && <p className="mt-0.5 text-ink-2">{group.hint}</p>}
      <p className="tabular mt-1 text-ink-2 text-xs">
        {group.final > 0 ? `${plural(group.final, 'call')} failed for good` : 'every one was tried again and went well'}
        {group.final > 0 && retried > 0 && `, ${formatCount(retried)} tried again`} · first {formatAgo(group.firstAt)},
        last {formatAgo(group.lastAt)} · <code>{group.code}</code>
      </p>
      {group.stack && (
        <pre className="mt-2 max-h-48 overflow-auto rounded-md bg-sunken p-2.5 text-xs leading-relaxed">
          {group.stack}
        </pre>
      )}
      <div className="mt-2 flex flex-wrap items-center gap-1 text-xs">
        <span className="text-ink-2">Calls</span>
        {shown.map((call) => (
          <TextButton key={call} label={`Open call ${call}`} onClick={() => onOpen(call)}>
            {call}
          </TextButton>
        ))}
        {!all && group.calls.length > shown.length && (
          <Button tone="quiet" className="h-[24px]" onClick={() => setAll(true)}>
            {formatCount(group.calls.length - shown.length)} more
          </Button>
        )}
      </div>
    </li>
  )
}
