export type { Backend } from './backends/backend.js'
export { backendNames } from './backends/registry.js'
export { CallError, MapError } from './call-error.js'
export { bundle, capture, shippable } from './closure/index.js'
export { type ConfigReport, checkConfig, configReport } from './config/report.js'
export { type ConfigInForce, configInForce, defineConfig } from './config/resolve.js'
export type { CallContext, Spawn } from './context.js'
export { type Forecast, gbSeconds, lambdaCost, predictCost, prices } from './cost/cost.js'
export type { ErrorValue, FailureKind } from './errors.js'
export { FAILURE_KINDS, formatError, MayflyError, toErrorValue } from './errors.js'
export type * from './events.js'
export { BOUNDARIES, PHASES, RUN_MIME, TABLE_MIME } from './events.js'
export { FunctionExecutor, type Futures } from './executor.js'
export { type FutureState, FuturesList, ResponseFuture } from './futures.js'
export { foldHeader } from './header.js'
export { mayflyHome } from './home.js'
export type { MapReduceOptions } from './map-reduce.js'
export { LocalhostExecutor, ServerlessExecutor, StandaloneExecutor } from './named-executors.js'
export type { ExecutorOptions, HedgeOptions, JobOptions, LastFailure, RetryOptions, RuntimeMemory } from './options.js'
export {
  DataPart,
  isObjectPart,
  type ObjectItem,
  type ObjectPart,
  openPart,
  type PartitionOptions,
  partition,
} from './partition/index.js'
export { type Plots, plotsOf, writePlots } from './plot/index.js'
export { AsyncResult, Pool, type PoolOptions } from './pool/index.js'
export {
  Held,
  Shared,
  SharedBarrier,
  SharedCounter,
  SharedEvent,
  SharedLock,
  SharedMap,
  type SharedOptions,
  SharedQueue,
  SharedSemaphore,
  type SharedWaitOptions,
  shared,
} from './shared/index.js'
export { type CloudObject, isCloudObject } from './storage/cloud-object.js'
export type { FsStats, StorageFs } from './storage/fs.js'
export type { MultipartRef, MultipartUpload } from './storage/multipart.js'
export {
  type Body,
  type ByteRange,
  type GetOptions,
  type ListOptions,
  type ListPage,
  type ObjectInfo,
  type Place,
  type PutOptions,
  Storage,
  type StorageConfig,
  type StorageOptions,
} from './storage/storage.js'
export type { JobSummaryRow } from './summary.js'
export type { ReturnWhen, WaitOptions, WaitResult } from './wait.js'
