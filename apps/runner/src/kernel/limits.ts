/** How much memory a kernel may use: from the options, the environment, or the machine. */

import { totalmem } from 'node:os'
import { constrainedMemory } from 'node:process'
import { MayflyError } from '@mayfly/executor/errors'

/** MiB each. */
export interface MemoryLimits {
  /** JavaScript heap, given to V8 (`--max-old-space-size`). A cell is stopped at 80 % of it. */
  heapMb: number
  /** Resident memory of the kernel process, with what lies outside the heap (Buffers, WebAssembly); its children do not count. */
  rssMb: number
}

const MIN_MB = 64
/** Above it one garbage collection takes seconds; who needs more says so. */
const MAX_DEFAULT_HEAP_MB = 4096
const MIN_DEFAULT_HEAP_MB = 256
/** Node itself, before any cell has run. */
const NODE_MB = 128

/** Half of the memory for the heap, at most 4 GiB, and three quarters for the process as a whole. Pure. */
export function defaultLimits(memoryMb: number): MemoryLimits {
  const heapMb = Math.min(MAX_DEFAULT_HEAP_MB, Math.max(MIN_DEFAULT_HEAP_MB, Math.floor(memoryMb / 2)))
  return { heapMb, rssMb: Math.max(heapMb + NODE_MB, Math.floor(memoryMb * 0.75)) }
}

/** @throws MayflyError `E_KERNEL_OPTIONS` when the environment's numbers are none. */
export function memoryLimits(
  options: { memoryMb?: number | undefined; rssMb?: number | undefined },
  env: NodeJS.ProcessEnv = process.env,
): MemoryLimits {
  const standard = defaultLimits(machineMb())
  const heapMb = options.memoryMb ?? megabytes(env, 'MAYFLY_KERNEL_MEMORY_MB') ?? standard.heapMb
  const rssMb = options.rssMb ?? megabytes(env, 'MAYFLY_KERNEL_RSS_MB')
  return { heapMb, rssMb: rssMb ?? Math.max(standard.rssMb, heapMb + NODE_MB) }
}

function megabytes(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name]
  if (!text) return undefined
  const value = Number(text)
  if (Number.isInteger(value) && value >= MIN_MB) return value
  throw new MayflyError('E_KERNEL_OPTIONS', `${name}: must be a whole number of MiB, at least ${MIN_MB}, got ${text}.`)
}

/** Memory of the machine, or of the container this runs in. */
export function machineMb(): number {
  const total = totalmem()
  // 0 or an absurdly large number means that nothing constrains the process.
  const allowed = constrainedMemory?.() ?? 0
  return Math.floor((allowed > 0 && allowed < total ? allowed : total) / 2 ** 20)
}
