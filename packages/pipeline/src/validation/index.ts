/** Checking annotations against a reference or the truth of a synthetic data set. Nothing from Node. */
export { proportionInterval } from './binomial.js'
export { readCsv } from './csv.js'
export { truthMarkdown, validationMarkdown } from './report.js'
export { type TruthReport, validateTruth } from './truth.js'
export { type Check, LIMITS, TOLERANCE, type ValidateOptions, type ValidationReport, validate } from './validate.js'
