'use client'
import { useMemo } from 'react'
import { cx } from '../../lib/cx'
import { plural } from '../../lib/format'
import { type CellDiff, type DiffCell, diffCells } from '../diff'

const CHANGES: Record<CellDiff['change'], string> = {
  same: 'unchanged',
  added: 'new',
  removed: 'removed',
  changed: 'changed',
  moved: 'moved',
}
/** Kind of what stands for the settings of a notebook among its cells. */
export const SETTINGS_KIND = 'settings'

const LOOKS = { '+': 'bg-ok-soft', '-': 'bg-bad-soft', ' ': '' }
const SPOKEN = { '+': 'added: ', '-': 'removed: ', ' ': '' }

/** The differences between two states of a notebook, cell by cell; cells that are the same are only counted. */
export function DiffView({ before, after }: { before: readonly DiffCell[]; after: readonly DiffCell[] }) {
  const diffs = useMemo(() => diffCells(before, after), [before, after])
  const same = diffs.filter(({ change, kind }) => change === 'same' && kind !== SETTINGS_KIND).length
  const shown = diffs.filter(({ change }) => change !== 'same')
  return (
    <div className="flex flex-col gap-3" data-testid="diff">
      {shown.length === 0 && <p className="text-[13px] text-ink-2">The cells are the same.</p>}
      {shown.map((diff) => (
        <section
          key={diff.id}
          className="overflow-hidden rounded-md border border-line"
          aria-label={`${titleOf(diff.kind)}, ${CHANGES[diff.change]}`}
        >
          <p className="border-line border-b bg-sunken px-2.5 py-1 text-ink-2 text-xs">
            {titleOf(diff.kind)}, {CHANGES[diff.change]}
          </p>
          <pre className="overflow-x-auto py-1 text-xs leading-5">
            {diff.lines.map((line, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines of a difference never move
              <div key={i} className={cx('px-2.5', LOOKS[line.mark])}>
                <span aria-hidden="true" className="inline-block w-4 select-none text-ink-2">
                  {line.mark}
                </span>
                <span className="sr-only">{SPOKEN[line.mark]}</span>
                {line.text || ' '}
              </div>
            ))}
          </pre>
        </section>
      ))}
      {same > 0 && <p className="text-ink-2 text-xs">{plural(same, 'more cell')} unchanged.</p>}
    </div>
  )
}

function titleOf(kind: string): string {
  if (kind === SETTINGS_KIND) return 'Settings'
  return kind === 'code' ? 'Code cell' : 'Text cell'
}
