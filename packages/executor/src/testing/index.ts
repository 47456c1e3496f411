/** Strict doubles of cloud services, for tests and benches: the real clients talk to them and cannot tell. */
export { type Apart, startApart } from './apart.js'
export { type Doubles, type DoublesOptions, startDoubles } from './doubles.js'
export type { LambdaFaults } from './lambda/faults.js'
export type { Report } from './lambda/fleet.js'
export { limitKind } from './lambda/limits.js'
export { type LambdaRules, ROLE, RULES } from './lambda/rules.js'
export { type LambdaDouble, type LambdaOptions, startLambda } from './lambda/server.js'
export { type Fault, type FaultKind, Faults } from './s3/faults.js'
export { type S3Double, type S3Options, startS3 } from './s3/server.js'

/** Address of the module by which virtual environments run the worker of `aws_lambda`; `sampleMs` 0 is without samples. */
export const virtualWorker = (sampleMs = 250) =>
  new URL(`./virtual-worker.js?sampleMs=${sampleMs}`, import.meta.url).href
