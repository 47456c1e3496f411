/** `@mayfly/pipeline`: METASPACE annotation of imaging mass spectrometry data as maps on an executor. */
export { checkDatabaseConfig, checkDatasetConfig, readConfigFile } from './config.js'
export { coreDatabase } from './core-database.js'
export { toColorPng, toGreyPng } from './images/index.js'
export { Pipeline, type PipelineOptions } from './pipeline.js'
export { countByFdr } from './results.js'
export type { StageExecutor } from './runner.js'
export type * from './types.js'
