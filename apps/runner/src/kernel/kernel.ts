/** One notebook's kernel: the child process, the message core, and the lives and deaths between them. */
import { MayflyError } from '@mayfly/executor/errors'
import type { JupyterMessage } from './messages.js'

export interface KernelOptions {
  id: string
  /** Folder the kernel works in; bare imports resolve from it first. */
  workspace: string
  /** Mayfly's own state (`MAYFLY_HOME`), handed to the executor inside the kernel. */
  home: string
  /** The notebook's path relative to the workspace; relative imports of cells start at its folder. */
  notebook?: string
  /** Limit of the JavaScript heap in MiB; default is Node's own. */
  memoryMb?: number
  env?: Record<string, string>
  /** The Node to run the kernel with; default is the runner's own. */
  nodePath?: string
}

export type ExecutionState = 'starting' | 'idle' | 'busy' | 'restarting' | 'dead'

export class Kernel {
  readonly id: string
  readonly options: KernelOptions
  #listeners = new Set<(message: JupyterMessage) => void>()

  constructor(options: KernelOptions) {
    this.id = options.id
    this.options = options
  }

  get executionState(): ExecutionState {
    return 'dead'
  }

  get pid(): number | undefined {
    return undefined
  }

  get lastActivity(): Date {
    return new Date(0)
  }

  async start(): Promise<void> {
    throw new MayflyError('E_KERNEL_START', 'The kernel core is being built.')
  }

  send(_message: JupyterMessage): void {}

  onMessage(listener: (message: JupyterMessage) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async interrupt(): Promise<void> {}
  async restart(): Promise<void> {}
  async shutdown(): Promise<void> {}
  rename(_notebook: string): void {}
}
