/** What goes wrong in the cloud now and then, by order. Counts go down with each time; the first that could be hit are. */
export interface LambdaFaults {
  /** Invocations refused with 429. */
  throttle: number
  /** Invocations refused with 503. */
  unavailable: number
  /** Invocations that are made and whose connection is cut before the answer. */
  cut: number
  /** Asynchronous calls that are made twice, and that are accepted and never made. */
  duplicate: number
  drop: number
  /** Invocations in whose middle the environment stands still for `freezeMs`, from `freezeAfterMs` on. */
  freeze: number
  freezeAfterMs: number
  freezeMs: number
  /** How far the clocks of environments are ahead that start from now on, ms. */
  clockSkew: number
}

export const NO_FAULTS: LambdaFaults = {
  ...{ throttle: 0, unavailable: 0, cut: 0, duplicate: 0, drop: 0 },
  ...{ freeze: 0, freezeAfterMs: 100, freezeMs: 1000, clockSkew: 0 },
}

/** Whether this one is hit. */
export function happens(
  faults: LambdaFaults,
  kind: 'throttle' | 'unavailable' | 'cut' | 'duplicate' | 'drop' | 'freeze',
) {
  if (faults[kind] <= 0) return false
  faults[kind]--
  return true
}
