/** The shared event vocabulary in one place, for import inside the package. */
export type { ErrorValue, FailureKind } from './errors.js'
export type { AttemptMetrics } from './events.js'
