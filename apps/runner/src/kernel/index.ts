/** The kernel: TypeScript cells in, Jupyter messages out. Transport-independent. */
export { type ExecutionState, Kernel, type KernelOptions, type KernelUsage } from './kernel.js'
export { type Channel, type Header, type JupyterMessage, makeHeader, PROTOCOL_VERSION } from './messages.js'
export { findKernelNode } from './node.js'
export { applyOutput, type ErrorPlace, type NbOutput } from './outputs.js'
export type { Notice } from './protocol.js'
export type { ValueSummary, Variable, VariableChild, VariableDetail, VariableKind, VariableList } from './variables.js'
