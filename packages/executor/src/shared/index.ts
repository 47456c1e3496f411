/** State that cells and workers share. */
export type { WaitOptions as SharedWaitOptions } from './handles.js'
export {
  Held,
  SharedBarrier,
  SharedCounter,
  SharedEvent,
  SharedLock,
  SharedMap,
  SharedQueue,
  SharedSemaphore,
} from './handles.js'
export type { SharedOptions } from './place.js'
export { Shared, shared } from './shared.js'
