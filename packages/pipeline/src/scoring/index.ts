/** Scoring models of METASPACE-ML. */
export { type CatBoostModel, evaluate, readCatBoost } from './catboost.js'
export { checkFeatures, modelScores, type ScoredColumns } from './scores.js'
