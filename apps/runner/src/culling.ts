/** When a kernel that nobody uses is ended. Pure: the clock is an argument. Times in ms since the epoch. */

export interface IdleLimits {
  /** Idle for so long a kernel is ended. */
  limitMs: number
  /** And so long before the user is told. */
  warningMs: number
}

/** What is remembered of a kernel from one look to the next. */
export interface Idleness {
  /** When it last did something, or was kept by the user. */
  activeAt: number
  /** When it will be ended, once the user was told. */
  until?: number
}

export interface KernelFacts {
  now: number
  lastActivity: number
  /** A cell runs or waits, or a run of its executor is alive. */
  busy: boolean
}

/** `warn` and `withdraw` are to be told the user; `end` ends the kernel. */
export type Verdict = 'none' | 'warn' | 'withdraw' | 'end'

/** Five minutes of warning, or half of a shorter limit. */
export function idleLimits(minutes: number): IdleLimits {
  const limitMs = minutes * 60_000
  return { limitMs, warningMs: Math.min(5 * 60_000, limitMs / 2) }
}

/** A kernel is ended only after a warning that was up in full and that nothing has answered, however long this was not asked. */
export function judgeIdleness(
  before: Idleness,
  { now, lastActivity, busy }: KernelFacts,
  { limitMs, warningMs }: IdleLimits,
): { verdict: Verdict; after: Idleness } {
  const activeAt = busy ? now : Math.max(before.activeAt, lastActivity)
  const { until } = before
  if (until !== undefined && activeAt > before.activeAt) return { verdict: 'withdraw', after: { activeAt } }
  if (until !== undefined) return { verdict: now >= until ? 'end' : 'none', after: { activeAt, until } }
  if (now < activeAt + limitMs - warningMs) return { verdict: 'none', after: { activeAt } }
  return { verdict: 'warn', after: { activeAt, until: Math.max(activeAt + limitMs, now + warningMs) } }
}
