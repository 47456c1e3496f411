import { PHASES } from '@mayfly/executor/events'
import { Tooltip } from '../../ui/tooltip'

/** The phases with their colours; each says in a sentence what happens in it. */
export function Legend() {
  return (
    <ul className="flex flex-wrap items-center gap-x-3 gap-y-0.5 text-ink-2 text-xs" aria-label="Phases of a call">
      {PHASES.map((phase, index) => (
        <li key={phase.id}>
          <Tooltip text={phase.help}>
            <button
              type="button"
              className="inline-flex min-h-[24px] cursor-help! items-center gap-1.5 rounded px-0.5 hover:text-ink"
            >
              <span
                aria-hidden="true"
                className={
                  index === 0 || index === 1 || index === 6 ? 'h-1 w-2.5 rounded-[1px]' : 'h-2.5 w-2.5 rounded-[2px]'
                }
                style={{
                  background: `var(--phase-${index})`,
                  backgroundImage:
                    index === 2
                      ? 'repeating-linear-gradient(135deg, transparent 0 2px, var(--surface) 2px 3px)'
                      : undefined,
                }}
              />
              {phase.title}
            </button>
          </Tooltip>
        </li>
      ))}
      <li className="inline-flex h-6 items-center gap-1.5">
        <svg aria-hidden="true" width="10" height="10" viewBox="0 0 10 10" stroke="var(--phase-failed)" strokeWidth="2">
          <path d="M1.5 1.5l7 7m0-7l-7 7" />
        </svg>
        Failed
      </li>
    </ul>
  )
}
