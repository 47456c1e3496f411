/** Decoys and false discovery rates, equal to the reference pipelines'. Nothing from Node. */
export {
  DECOY_ADDUCTS,
  decoyCandidates,
  type Prefix,
  prefixesOf,
  type ServerlessDecoys,
  type ShuffledDecoys,
  type ShuffleOptions,
  serverlessDecoys,
  shuffledDecoys,
} from './decoys.js'
export {
  estimateHybridFdr,
  estimateLevelFdr,
  estimateServerlessFdr,
  estimateSuccessionFdr,
  type ScoreToFdrOptions,
  scoreToFdr,
} from './estimate.js'
export { MersenneTwister } from './mersenne-twister.js'
