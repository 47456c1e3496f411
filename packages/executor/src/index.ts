export type { ErrorValue, FailureKind } from './errors.js'
export { FAILURE_KINDS, formatError, MayflyError, toErrorValue } from './errors.js'
export type * from './events.js'
export { BOUNDARIES, PHASES, RUN_MIME, TABLE_MIME } from './events.js'
