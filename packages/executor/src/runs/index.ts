/** The runs of a workspace as their logs tell: lists, tails, cancelling. */
export { RunStore } from './store.js'
