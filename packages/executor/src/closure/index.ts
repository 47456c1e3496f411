/**
 * Ships functions: `capture(fn)` (synchronous) → `bundle(capture)` → a content-addressed `Shipment` → `load(…)` in the worker.
 *
 * Each worker gets a copy of what the function refers to. Code of modules is bundled, not copied, and runs anew in the worker.
 */
export { bundle } from './bundle.js'
export { type CaptureOptions, capture } from './capture.js'
export { UNPACK } from './decode.js'
export { PACK } from './instances.js'
export { type Loader, type LoadOptions, load, loader } from './load.js'
export { shippable } from './shippable.js'
export { originalPosition, remapStack } from './sources.js'
export type { Capture, Shipment, SourceSpan } from './types.js'
