export {
  type Annotated,
  type AnnotateOptions,
  annotateIons,
  COUNTED,
  type ErrorColumns,
  type Ions,
  KEPT,
  type ScoreColumns,
} from './annotate.js'
export { type HitRanges, hitRanges } from './sweep.js'
