/**
 * Why a worker process ended, from its exit status and last words. Pure. An out-of-memory kill is never called `lost`,
 * an exit the function asked for never either.
 */
import type { ErrorValue, FailureKind } from '../../errors.js'

export interface Death {
  code: number | null
  signal: string | null
  /** The end of what the process wrote to stderr. */
  stderr: string
  /** The system's out-of-memory killer has struck since the worker was started. */
  systemOom: boolean
  /** Limits and use, for the message. */
  runtimeMemory: number | undefined
  /** Bytes. */
  heapLimit: number | undefined
  peakRss: number | undefined
}

const HEAP = /heap out of memory|Reached heap limit|Ineffective mark-compacts|invalid array length Allocation failed/i

/** Failure kind and error of the call that was running in the process. */
export function explainDeath(death: Death, callId: string): { kind: FailureKind; error: ErrorValue } {
  const { code, signal, stderr } = death
  if (HEAP.test(stderr)) return outOfMemory(death, callId, 'its JavaScript heap was full')
  if (signal === 'SIGKILL' && death.systemOom) return outOfMemory(death, callId, 'the system ran out of memory')
  if (signal === null && code !== null && !crashed(code)) {
    return {
      kind: 'error',
      error: {
        name: 'ProcessExit',
        code: 'E_CALL_EXIT',
        message: `Call ${callId} ended its process with exit code ${code}${lastWords(stderr)}`,
        hint: 'Return or throw instead of calling process.exit().',
      },
    }
  }
  const how = signal ? `by signal ${signal}` : `with exit code ${code}`
  return {
    kind: 'lost',
    error: {
      name: 'WorkerLost',
      code: 'E_CALL_LOST',
      message: `The worker of call ${callId} died ${how}${lastWords(stderr)}`,
      hint: 'Something killed or crashed the process; a call that does this every time has a fault in native code.',
    },
  }
}

/** The error of a call whose process was at its memory limit. */
export function outOfMemory(
  death: Pick<Death, 'runtimeMemory' | 'heapLimit' | 'peakRss' | 'stderr'>,
  callId: string,
  how: string,
): { kind: FailureKind; error: ErrorValue } {
  const limit = death.runtimeMemory
    ? `limit ${death.runtimeMemory} MB (runtimeMemory)`
    : death.heapLimit
      ? `limit ${megabytes(death.heapLimit)} MB (default V8 heap)`
      : 'no limit set'
  const peakMb = Math.max(megabytes(death.peakRss ?? 0), heapPeak(death.stderr))
  const peak = peakMb > 0 ? `, peak ${peakMb} MB` : ''
  return {
    kind: 'oom',
    error: {
      name: 'OutOfMemory',
      code: 'E_CALL_OOM',
      message: `Call ${callId} ran out of memory: ${how}; ${limit}${peak}`,
      hint: 'Give the job more runtimeMemory (MB), or each call less to hold.',
      where: {
        ...(death.runtimeMemory ? { limitMb: death.runtimeMemory } : {}),
        ...(peakMb > 0 ? { peakMb } : {}),
      },
    },
  }
}

/** Largest heap in MB that V8 names in its last garbage collections (`Mark-Compact 62.1 (65.0) -> …`); 0 if it names none. */
function heapPeak(stderr: string): number {
  let peak = 0
  for (const [, used] of stderr.matchAll(/(?:Mark-Compact|Mark-sweep|Scavenge)[^\d\n]*([\d.]+) \(/gi)) {
    peak = Math.max(peak, Number(used))
  }
  return Math.round(peak)
}

/** Exit codes that mean a crash: 128 + signal as shells report it, and Node's own abort code. */
function crashed(code: number): boolean {
  return code >= 128 || code === 70
}

/** The last line on stderr that is not a frame of a native stack. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').map((text) => text.trim())
  const line = lines.findLast((text) => text !== '' && !/^(\d+:|#|at |-+ |[-=]+$)/.test(text))
  return line ? ` (it last wrote: ${line.slice(0, 200)})` : ''
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}
