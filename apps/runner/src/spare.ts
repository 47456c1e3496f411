/** A kernel that is started ahead, so that opening a notebook does not wait for a process. It has run no code of anyone. */
import type { Kernel } from './kernel/index.js'

/** So long after the last one was taken the next is started: what took it has the processors first. */
const DELAY_MS = 1500

export class SpareKernel {
  private kernel: Kernel | undefined
  private timer: NodeJS.Timeout | undefined
  private closed = false

  /** @param make a new kernel without a notebook, not yet started */
  constructor(
    private readonly make: () => Promise<Kernel>,
    private readonly delayMs: number = DELAY_MS,
  ) {}

  /** Sees to it that there will be one. */
  prepare(): void {
    if (this.closed || this.kernel || this.timer) return
    // One that does not start is not tried again: whoever needs a kernel is told why.
    this.timer = setTimeout(() => void this.start().catch(() => undefined), this.delayMs)
  }

  /** The kernel if it is ready; it then belongs to the caller and the next one is prepared. */
  take(): Kernel | undefined {
    const kernel = this.kernel
    if (kernel?.executionState !== 'idle') return undefined
    this.kernel = undefined
    this.timer = undefined
    this.prepare()
    return kernel
  }

  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.timer)
    await this.kernel?.shutdown()
  }

  private async start(): Promise<void> {
    const kernel = await this.make()
    if (this.closed) return
    this.kernel = kernel
    await kernel.start()
  }
}
