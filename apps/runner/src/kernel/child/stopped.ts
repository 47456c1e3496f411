/** What a cell ends with when it was stopped from outside: by the user, by memory, or by its own `process.exit`. */
import type { ChildConfig } from '../protocol.js'
import { KeyboardInterrupt } from './faults.js'
import { SHARED, STOPPED_BY } from './shared.js'

type Limits = Pick<ChildConfig, 'heapMb' | 'heapLimitMb' | 'rssMb'>

const ADVICE = 'Free what is not needed any more (assign undefined), work in smaller parts, or raise'

/** The error for the reason that is noted in the shared memory. */
export function stoppedError(shared: Int32Array, limits: Limits): KeyboardInterrupt {
  const usedMb = Atomics.load(shared, SHARED.usedMb)
  switch (Atomics.load(shared, SHARED.stoppedBy)) {
    case STOPPED_BY.heap: {
      const share = `${mib(limits.heapLimitMb)} that a cell may fill of the limit of ${mib(limits.heapMb)}`
      const message = `The JavaScript heap held ${mib(usedMb)}, ${mib(usedMb - limits.heapLimitMb)} more than the ${share}. The cell was stopped; variables are kept.`
      return memoryError(message, `${ADVICE} MAYFLY_KERNEL_MEMORY_MB and restart the kernel.`)
    }
    case STOPPED_BY.rss: {
      const message = `The kernel's process held ${mib(usedMb)}, with what lies outside the JavaScript heap, ${mib(usedMb - limits.rssMb)} more than its limit of ${mib(limits.rssMb)}. The cell was stopped; variables are kept.`
      return memoryError(message, `${ADVICE} MAYFLY_KERNEL_RSS_MB and restart the kernel.`)
    }
    case STOPPED_BY.exit: {
      const code = Atomics.load(shared, SHARED.exitCode)
      const message = `process.exit(${code}) ended the cell. The kernel goes on; variables are kept.`
      return named(new KeyboardInterrupt(message), 'SystemExit', {})
    }
    default:
      return new KeyboardInterrupt()
  }
}

const mib = (amount: number): string => `${amount.toLocaleString('en')} MiB`

const memoryError = (message: string, hint: string): KeyboardInterrupt =>
  named(new KeyboardInterrupt(message), 'MemoryLimitError', { code: 'E_KERNEL_MEMORY', hint })

function named(error: KeyboardInterrupt, name: string, more: { code?: string; hint?: string }): KeyboardInterrupt {
  return Object.assign(error, { name, ...more })
}
