/** Strict doubles of cloud services, for tests and benches: the real clients talk to them and cannot tell. */
export { type LambdaDouble, type LambdaFaults, type LambdaOptions, startLambda } from './lambda/server.js'
export { type Fault, type FaultKind, Faults } from './s3/faults.js'
export { type S3Double, type S3Options, startS3 } from './s3/server.js'
