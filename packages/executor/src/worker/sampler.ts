/**
 * What an attempt uses, read from the operating system for this process alone: CPU from getrusage, peak memory from VmHWM,
 * which is reset at the start of each attempt (writing 5 to clear_refs), so that a warm worker does not report the peak of
 * an earlier call. Works in any thread of the process, also while another one is busy.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { now } from './clock.js'
import type { WireSample } from './protocol.js'

export interface Baseline {
  /** CPU time of the process at the start of the attempt, µs. */
  cpuUs: number
  rx: number
  tx: number
}

interface Memory {
  rss: number
  peak: number
}

/** User + system CPU time of the process, µs. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

export class MemoryReader {
  #status: number | undefined
  #clearRefs: number | undefined
  #peak = 0
  readonly #buffer = Buffer.allocUnsafe(4096)

  constructor() {
    try {
      this.#status = openSync('/proc/self/status', 'r')
      this.#clearRefs = openSync('/proc/self/clear_refs', 'w')
    } catch {
      // Not Linux, or /proc is closed to us: the peak is then the highest of our own samples.
    }
  }

  /** Starts a new attempt: forgets the peak so far. */
  reset(): void {
    this.#peak = 0
    if (this.#clearRefs === undefined) return
    try {
      writeSync(this.#clearRefs, '5')
    } catch {
      closeSync(this.#clearRefs)
      this.#clearRefs = undefined
    }
  }

  /** Resident set now and its peak since `reset`, bytes. */
  read(): Memory {
    if (this.#status !== undefined && this.#clearRefs !== undefined) {
      const text = this.#buffer.toString('latin1', 0, readSync(this.#status, this.#buffer, 0, 4096, 0))
      const rss = kilobytes(text, 'VmRSS:')
      const peak = kilobytes(text, 'VmHWM:')
      if (rss > 0) return { rss, peak: Math.max(rss, peak) }
    }
    const rss = process.memoryUsage.rss()
    this.#peak = Math.max(this.#peak, rss)
    return { rss, peak: this.#peak }
  }
}

/** Bytes of a `Name:   123 kB` line of /proc/self/status; 0 when it is missing. */
export function kilobytes(status: string, name: string): number {
  const at = status.indexOf(name)
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length, at + name.length + 24), 10) * 1024
}

/** What the attempt has used since `base`. */
export function takeSample(memory: MemoryReader, base: Baseline, rx: number, tx: number): WireSample {
  const { rss, peak } = memory.read()
  return { at: now(), rss, peakRss: peak, cpuMs: (cpuUs() - base.cpuUs) / 1000, rx: rx - base.rx, tx: tx - base.tx }
}
