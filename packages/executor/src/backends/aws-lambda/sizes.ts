/** Which function a call with a memory limit runs on, and what it may use there. Pure. */
import { MayflyError } from '../../errors.js'
import type { AwsLambdaOptions } from './config.js'

/** MB a function has besides the call's own: Node in the watching process and in the child. */
const OVERHEAD = 160
/** Of a call that sets no limit: one full CPU. */
const ONE_CPU = 1769
const STEP = 64
const LEAST = 128
const MOST = 10_240

/** Most memory a call can have, MB. */
export const MOST_FOR_CALL = MOST - OVERHEAD

/** Sizes there are, smallest first; undefined when functions are made as they are needed. */
export function classesOf({ functions, memoryClasses }: AwsLambdaOptions): number[] | undefined {
  const sizes = functions ? Object.keys(functions).map(Number) : memoryClasses
  return sizes && [...sizes].sort((a, b) => a - b)
}

/** Size of the function for calls with this limit, MB. Throws `E_CONFIG_VALUE` when none is large enough. */
export function functionMemory(runtimeMemory: number | undefined, classes: readonly number[] | undefined): number {
  const needed = runtimeMemory === undefined ? ONE_CPU : runtimeMemory + OVERHEAD
  // Without a limit of their own, calls take the largest class there is.
  const largest = runtimeMemory === undefined ? classes?.at(-1) : undefined
  const size = classes ? (classes.find((one) => one >= needed) ?? largest) : Math.max(LEAST, stepsOf(needed))
  if (size !== undefined && size <= MOST) return size
  throw new MayflyError('E_CONFIG_VALUE', `No function is large enough for calls with ${runtimeMemory} MB`, {
    hint: `${needed} MB are needed; ${classes ? `the classes are ${classes.join(', ')}` : `the most is ${MOST}`} MB.`,
    where: { key: 'runtimeMemory' },
  })
}

/**
 * What a call may use on that function, MB. Where sizes are given it may use all there is; else what it asked for. One that set
 * no limit gets one all the same, so that it is told from a function that died.
 */
export function callMemory(runtimeMemory: number | undefined, classes: readonly number[] | undefined): number {
  if (runtimeMemory !== undefined && !classes) return runtimeMemory
  return Math.max(32, functionMemory(runtimeMemory, classes) - OVERHEAD)
}

/** Limit for a call that ran out of memory with this one, MB: what the next class has. Undefined in the last. */
export function largerMemory(runtimeMemory: number | undefined, classes: readonly number[]): number | undefined {
  const had = billedMemory(runtimeMemory, classes)
  const next = classes.find((one) => one > had)
  return next && next - OVERHEAD
}

/** What is charged for calls with this limit, MB. There is an answer also for those that cannot be had: they are refused elsewhere. */
export function billedMemory(runtimeMemory: number | undefined, classes: readonly number[] | undefined): number {
  try {
    return functionMemory(runtimeMemory, classes)
  } catch {
    return MOST
  }
}

function stepsOf(needed: number): number {
  return needed === ONE_CPU ? ONE_CPU : Math.ceil(needed / STEP) * STEP
}
