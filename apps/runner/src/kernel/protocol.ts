/** What runner and kernel child say to each other over the control pipe. `run` numbers the executions from 1; 0 is none. */
import type { ErrorPlace } from './outputs.js'
import type { ImportedName, Kind, SourceMap } from './transform/index.js'

export type Bundle = Record<string, unknown>

/** Something the user should know of the kernel; content of the iopub message `mayfly_notice`. */
export interface Notice {
  code: string
  message: string
  hint?: string
  /** What the page may offer. */
  action?: 'restart' | 'keep'
  /** When it happens unless something is done, ISO 8601. */
  until?: string
}

/** An evaluation, compiled. */
export interface ExecuteFrame {
  op: 'execute'
  run: number
  /** Name of the script, `cell-3`: evaluated as `cell-3.js`, shown to the user as `cell-3.ts`. */
  script: string
  executionCount: number
  cellId?: string
  code: string
  maps: SourceMap[]
  declared: string[]
  imports: Record<string, ImportedName>
  showsValue: boolean
}

export type ToChild =
  | ExecuteFrame
  | { op: 'interrupt' }
  /** Names that may follow `expression.`, or all names when it is empty. */
  | { op: 'complete'; ask: number; expression: string }
  | { op: 'inspect'; ask: number; expression: string }
  | { op: 'rename'; notebook: string }
  | { op: 'input'; value: string | null }
  /** Answered by the control thread, also while a cell computes. */
  | { op: 'usage'; ask: number }

/** An error as Jupyter shows it. */
export interface ErrorContent {
  ename: string
  evalue: string
  traceback: string[]
  mayfly?: ErrorPlace
}

export type FromChild =
  | { op: 'ready'; node: string; globals: string[] }
  | { op: 'stream'; run: number; name: 'stdout' | 'stderr'; text: string }
  | { op: 'display'; run: number; data: Bundle; metadata: Bundle; displayId?: string; update?: boolean }
  | { op: 'clear'; run: number; wait: boolean }
  | {
      op: 'done'
      run: number
      status: 'ok' | 'error'
      data?: Bundle
      metadata?: Bundle
      error?: ErrorContent
      /** How the declared names are held in fact, when the evaluation did not get as far as to declare them. */
      kinds?: Record<string, Kind | null>
    }
  | { op: 'completions'; ask: number; names: string[] }
  | { op: 'inspected'; ask: number; data: Bundle | null }
  | { op: 'input'; run: number; prompt: string; password: boolean }
  /** The main thread answered an interrupt: it is not stuck. */
  | { op: 'interrupted' }
  | { op: 'usage'; ask: number; rss: number; heapUsed: number }
  | { op: 'exit'; code: number }

/** What the child is told at its start, as JSON in `MAYFLY_KERNEL`. */
export interface ChildConfig {
  kernelId: string
  workspace: string
  /** Mayfly's own state; long output goes to `outputs/<kernelId>/` in it. */
  home: string
  notebook?: string
  /** MiB of heap at which a cell is stopped before V8 ends the process at `heapMb`. */
  heapLimitMb: number
  heapMb: number
  /** MiB of the process as a whole at which a cell is stopped. */
  rssMb: number
}
