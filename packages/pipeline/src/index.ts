/** `@mayfly/pipeline`: METASPACE annotation of imaging mass spectrometry data as maps on an executor. */
export { bestAnnotations } from './best-annotations.js'
export { checkDatabaseConfig, checkDatasetConfig, readConfigFile } from './config.js'
export { coreDatabase } from './core-database.js'
export { resultsParquet } from './export/parquet.js'
export type { Prefix } from './fdr/index.js'
export { toColorPng, toGreyPng } from './images/index.js'
export { type LoadModelOptions, loadCatBoost } from './inputs/model.js'
export { type OutputPlace, outputPlace } from './output-place.js'
export { Pipeline, type PipelineOptions } from './pipeline.js'
export {
  annotationTitle,
  fdrCurveSvg,
  type IonPicture,
  ionPicture,
  ionSpectrum,
  type SpectrumPlot,
  type Stick,
  spectrumSvg,
  timelineLinks,
} from './plots/index.js'
export type { PipelineProgress, Stage } from './progress.js'
export { countByFdr } from './results.js'
export { resultsCsv } from './results-csv.js'
export { type SavedResults, type SaveOptions, saveResults } from './save-results.js'
export { type CatBoostModel, readCatBoost } from './scoring/index.js'
export type { Implementation, Mode, Search } from './search.js'
export type { StageExecutor } from './stage-executor.js'
export type * from './types.js'
export {
  proportionInterval,
  type TruthReport,
  truthMarkdown,
  type ValidateOptions,
  type ValidationReport,
  validate,
  validateTruth,
  validationMarkdown,
} from './validation/index.js'
