/** What runner and kernel child say to each other over the control pipe. `run` numbers the executions from 1; 0 is none. */
import type { NotebookSettings } from '@mayfly/executor/host'
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
  | { op: 'ask'; ask: number; question: Question }
  | { op: 'rename'; notebook: string }
  | { op: 'configure'; settings: NotebookSettings }
  /** `refused`: there is nobody to ask. */
  | { op: 'input'; value: string | null; refused?: boolean }
  | CommFrame
  /** Answered by the control thread, also while a cell computes. */
  | { op: 'usage'; ask: number }

/** What the child is asked about live values. Nothing of it but `evaluate` runs code of the user. */
export type Question =
  /** Names beginning with `prefix` that may follow `expression.`, all names when it is empty; with `keys`, what may follow `['`. */
  | { about: 'names'; expression: string; prefix: string; keys: boolean }
  | { about: 'value'; expression: string; detail: boolean }
  /** `known`: names that the cells declared, as the runtime calls them. */
  | { about: 'variables'; known: string[] }
  | { about: 'children'; name: string; path: (string | number)[]; from: number }
  /** Compiled expressions, by name. */
  | { about: 'evaluate'; expressions: Record<string, string> }

/** A message of a comm, either way; buffers as base64. */
export interface CommFrame {
  op: 'comm'
  kind: 'open' | 'msg' | 'close'
  id: string
  /** Of `open` only. */
  target?: string
  data: Bundle
  metadata: Bundle
  buffers: string[]
}

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
  | { op: 'answer'; ask: number; answer: unknown }
  | (CommFrame & { run: number })
  | { op: 'input'; run: number; prompt: string; password: boolean; fallback?: string; confirm?: boolean }
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
  settings: NotebookSettings
  /** MiB of heap at which a cell is stopped before V8 ends the process at `heapMb`. */
  heapLimitMb: number
  heapMb: number
  /** MiB of the process as a whole at which a cell is stopped. */
  rssMb: number
}
