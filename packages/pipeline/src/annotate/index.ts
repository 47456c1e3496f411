export { type Annotated, type AnnotateOptions, annotateIons, type Ions } from './annotate.js'
export { type HitRanges, hitRanges } from './sweep.js'
