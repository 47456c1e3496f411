/**
 * What a notebook kernel offers to the executor inside it. The kernel sets it on the global object before the first cell;
 * a plain script has none, and the executor then behaves as a library. Nothing else couples the two.
 */
import type { NotebookSettings } from './config/notebook.js'
import type { ErrorValue } from './errors.js'

export interface KernelHost {
  /** The cell being executed now, or undefined between cells. */
  currentCell(): { notebook?: string; cellId?: string; executionCount: number } | undefined
  /** Shows a MIME bundle in the current cell; the handle replaces it later, also after the cell has ended. */
  display(bundle: Record<string, unknown>): { update(bundle: Record<string, unknown>): void }
  /** Called when the user interrupts the running cell; returns a function that unsubscribes. */
  onInterrupt(callback: () => void): () => void
  /**
   * Maps positions in evaluated cells of a stack back to the user's lines. Cells are evaluated as `cell-N.js`; mapped
   * positions read `cell-N.ts:line:col`, so mapping twice does no harm. `error.stack` inside the kernel is mapped already.
   */
  mapStack(stack: string): string
  /** What the notebook says of its executors now; see `configInForce`. */
  settings(): NotebookSettings
  /** Folder that bare and relative imports of cells resolve from. */
  readonly workspace: string
  /** Local names bound by the imports of cells: name → what it was imported from. The closure serializer needs it. */
  importOf(name: string): { specifier: string; imported: string } | undefined
  /** Namespaces of modules loaded by cells, by absolute file URL or `node:` name, for finding functions by identity. */
  modules(): Iterable<{ url: string; specifier: string; namespace: Record<string, unknown> }>
  /** Reports a fault that belongs to no cell. */
  warn(error: ErrorValue): void
}

const KEY = Symbol.for('mayfly.kernel.host')

export { type NotebookSettings, notebookSettings } from './config/notebook.js'

/** The kernel this code runs in, if any. */
export function kernelHost(): KernelHost | undefined {
  return (globalThis as Record<symbol, unknown>)[KEY] as KernelHost | undefined
}

/** Set once by the kernel child. */
export function setKernelHost(host: KernelHost): void {
  Object.defineProperty(globalThis, KEY, { value: host, enumerable: false, configurable: true })
}
