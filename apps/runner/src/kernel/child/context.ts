/** Which execution the code at work belongs to, by asynchronous context. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { majorOf, SAFE_NODE } from '../versions.js'

/**
 * Number of the execution, in everything it started. Only from Node 24 on: on earlier ones an interrupt would end the process, and the
 * stack has to tell.
 */
export const runContext: AsyncLocalStorage<number> | undefined =
  majorOf(process.version) >= SAFE_NODE ? new AsyncLocalStorage() : undefined
