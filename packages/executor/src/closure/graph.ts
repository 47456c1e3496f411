/** What a capture consists of, before it becomes text: functions, variables, imports and the references between them. */
import type { FunctionView } from './inspect.js'
import type { Analysis } from './scope.js'

/** A module the emitted text imports from. */
export interface ImportNode {
  /** `node:path`, an absolute file, or `mayfly+<folder>!<bare name>` for a name to be resolved from a folder. */
  specifier: string
  /** `*`, `default` or the name of an export. */
  imported: string
  /** Name in the emitted text. */
  local: string
}

/** How the emitted text names a value that is not data. */
export type Reference =
  | { kind: 'code'; text: string }
  | { kind: 'import'; node: ImportNode; path: string[] }
  | { kind: 'function'; node: FunctionNode }
  | { kind: 'member'; of: Reference; access: string }

/** A captured variable; functions that share a scope share it. */
export interface Variable {
  name: string
  value: unknown
  /** Name in the emitted text. */
  emitted: string
  /** Number of its value among the roots of the data. */
  root: number
  /** The function defined as this variable, when their names agree. */
  defines?: FunctionNode
  /** The variable this one turned out to be the same as. */
  same?: Variable
}

export type Target = { kind: 'variable'; variable: Variable } | { kind: 'reference'; reference: Reference }

/** A function or class that travels by its text. */
export interface FunctionNode {
  value: (...args: never[]) => unknown
  /** `Function.prototype.name` as it is now. */
  name: string
  analysis: Analysis
  view: () => FunctionView
  /** What its free names mean; names that are not in here stay as they are. */
  names: Map<string, Target>
  /** Name in the emitted text when it is not defined as a variable. */
  emitted: string
  variable?: Variable
  /** The object the function was found on, if any. */
  holder?: object
  /** Set when the function is made by calling a factory with this `this` or this home object. */
  given?: { kind: 'this' | 'home'; value: unknown }
  /** For a class: what it extends now. */
  parent?: Reference
  /** Whether instances with #private members travel. */
  revived?: boolean
  /** Base for relative dynamic imports and `import.meta`: a URL. */
  base: string
}

/** Follows a chain of merged variables. */
export function merged(variable: Variable): Variable {
  let at = variable
  while (at.same) at = at.same
  return at
}

/** The text that means a reference. */
export function referenceText(reference: Reference): string {
  switch (reference.kind) {
    case 'code':
      return reference.text
    case 'import':
      return reference.node.local + reference.path.map((key) => `[${JSON.stringify(key)}]`).join('')
    case 'function': {
      const { variable, emitted } = reference.node
      return variable ? merged(variable).emitted : emitted
    }
    case 'member':
      return referenceText(reference.of) + reference.access
  }
}
