/** Nested calls: an executor inside the worker, made when it is first wanted. */
import type { Spawn } from '../context.js'
import type { FunctionExecutor } from '../executor.js'
import type { Storage } from '../storage/storage.js'

let executor: Promise<FunctionExecutor> | undefined

/** One executor serves all calls of a worker, one after the other. */
export function spawnFor(storage: Storage, callId: string): Spawn {
  const nested = () => {
    executor ??= import('../executor.js').then(
      (module) => new module.FunctionExecutor({ storage, progress: false, name: `from ${callId}` }),
    )
    return executor
  }
  return {
    callAsync: async (fn, data, options) => (await nested()).callAsync(fn, data, options).result() as never,
    map: async (fn, items, options) => {
      const own = await nested()
      return own.getResult(own.map(fn, items, options)) as never
    },
  }
}
