/**
 * What an attempt uses, read from the operating system for this process and the children it starts: CPU from getrusage, peak
 * memory from VmHWM, which is reset at the start of each attempt (writing 5 to clear_refs), so that a warm worker does not report the peak of
 * an earlier call. Works in any thread of the process, also while another one is busy.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { readChildren } from './children.js'
import { now } from './clock.js'
import type { WireSample } from './protocol.js'

export interface Baseline {
  /** When the attempt started. */
  since: number
  /** CPU time of the process and of its children at the start of the attempt, µs. */
  cpuUs: number
  rx: number
  tx: number
}

interface Memory {
  rss: number
  peak: number
}

/** An attempt this short cannot have started a process that did anything, ms: looking for one would cost it more. */
const BRIEF_MS = 3

/** Of one thread: what it knows from one look to the next. */
export class UseReader {
  #status: number | undefined
  #clearRefs: number | undefined
  /** Of the attempt that began at `#since`. */
  #peak = 0
  #since = 0
  /** CPU time of the children when they were last looked at, µs. */
  #childrenUs = 0
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
  begin(network: { rx: number; tx: number }): Baseline {
    // Processes an earlier call has left behind are not this one's.
    if (this.#childrenUs > 0) this.#childrenUs = readChildren().cpuUs
    if (this.#clearRefs !== undefined) {
      try {
        writeSync(this.#clearRefs, '5')
      } catch {
        closeSync(this.#clearRefs)
        this.#clearRefs = undefined
      }
    }
    return { since: now(), cpuUs: ownCpuUs() + this.#childrenUs, ...network }
  }

  /** What the attempt has used since `base`; `rx` and `tx` are the network's totals now. */
  sample(base: Baseline, rx: number, tx: number): WireSample {
    const at = now()
    const memory = this.#memory()
    let childrenRss = 0
    if (at - base.since >= BRIEF_MS) {
      const children = readChildren()
      this.#childrenUs = children.cpuUs
      childrenRss = children.rss
    }
    const rss = memory.rss + childrenRss
    this.#peak = Math.max(this.peakOf(base), memory.peak, rss)
    this.#since = base.since
    const cpuMs = (ownCpuUs() + this.#childrenUs - base.cpuUs) / 1000
    return { at, rss, peakRss: this.#peak, cpuMs: Math.max(0, cpuMs), rx: rx - base.rx, tx: tx - base.tx }
  }

  /** The highest resident set seen by this reader since `base`, bytes; 0 if it has not looked. */
  peakOf({ since }: Baseline): number {
    return since === this.#since ? this.#peak : 0
  }

  /** Resident set of this process now and its peak since the attempt began, bytes. */
  #memory(): Memory {
    if (this.#status !== undefined && this.#clearRefs !== undefined) {
      const text = this.#buffer.toString('latin1', 0, readSync(this.#status, this.#buffer, 0, 4096, 0))
      const rss = kilobytes(text, 'VmRSS:')
      const peak = kilobytes(text, 'VmHWM:')
      if (rss > 0) return { rss, peak: Math.max(rss, peak) }
    }
    const rss = process.memoryUsage.rss()
    return { rss, peak: rss }
  }
}

/** Bytes of a `Name:   123 kB` line of /proc/self/status; 0 when it is missing. */
export function kilobytes(status: string, name: string): number {
  const at = status.indexOf(name)
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length, at + name.length + 24), 10) * 1024
}

/** User + system CPU time of this process, µs. */
function ownCpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
