export {
  type Annotated,
  type AnnotateOptions,
  annotateIons,
  type ErrorColumns,
  type Ions,
  type ScoreColumns,
} from './annotate.js'
export { type HitRanges, hitRanges } from './sweep.js'
