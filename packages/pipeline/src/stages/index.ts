/** The function that runs on workers, marked so that it travels as an import of its own module; this file itself never does. */
import { shippable } from '@mayfly/executor'
import { runStage } from './call.js'

shippable(new URL('./call.js', import.meta.url).href, { runStage })

export {
  type ItemOf,
  type Receipt,
  type ResultOf,
  readReceipt,
  runStage,
  type StageCall,
  type StageFunction,
} from './call.js'
