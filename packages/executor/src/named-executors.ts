/** Lithops' executors by kind of backend. */
import { backendOfMode } from './backends/registry.js'
import { FunctionExecutor } from './executor.js'
import type { ExecutorOptions } from './options.js'

/** `FunctionExecutor` with backend and storage `localhost`, as in Lithops. */
export class LocalhostExecutor extends FunctionExecutor {
  constructor(options: Omit<ExecutorOptions, 'backend' | 'storage'> = {}) {
    super({ ...options, backend: 'localhost', storage: 'localhost' })
  }
}

/** `FunctionExecutor` on cloud functions: the first such backend there is, or the one named. */
export class ServerlessExecutor extends FunctionExecutor {
  constructor(options: Omit<ExecutorOptions, 'backend'> & { backend?: string } = {}) {
    super({ ...options, backend: backendOfMode('serverless', options.backend) })
  }
}

/** `FunctionExecutor` on virtual machines: the first such backend there is, or the one named. */
export class StandaloneExecutor extends FunctionExecutor {
  constructor(options: Omit<ExecutorOptions, 'backend'> & { backend?: string } = {}) {
    super({ ...options, backend: backendOfMode('standalone', options.backend) })
  }
}
