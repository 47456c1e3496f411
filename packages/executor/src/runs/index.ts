/** The runs of a workspace as their logs tell: lists, tails, cancelling. */
export { parseEvent, readRun } from './read.js'
export { RunStore } from './store.js'
