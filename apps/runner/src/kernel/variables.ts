/** What the variables of a notebook are told as: by the kernel, over HTTP, and in the page. Types only. */

/** A value in a few words. Nothing of the value's own code ran to make them. */
export interface ValueSummary {
  /** `number`, `string[]`, `Float64Array`, `Map`, the name of a class … */
  type: string
  /** Of arrays, texts, Maps and Sets. */
  length?: number
  /** Rows and columns of an array of equally long rows, or of equally long columns. */
  shape?: number[]
  /** Memory, estimated; exact for typed arrays and buffers. */
  bytes?: number
  /** One line. */
  preview: string
  /** Whether there is something inside to be listed. */
  expandable: boolean
}

export type VariableKind = 'let' | 'const' | 'var' | 'function' | 'class' | 'import' | 'enum' | 'namespace'

export interface Variable extends ValueSummary {
  /** As the user wrote it. */
  name: string
  kind: VariableKind
  /** The cell that defined it last. */
  cellId?: string
}

/** Variables in order of their first definition. */
export interface VariableList {
  /** True while the kernel computes and cannot be asked: these are those of `at`. */
  busy: boolean
  /** ISO time. */
  at: string
  variables: Variable[]
}

/** Something inside a value: a property, an element, an entry of a Map (numbered). */
export interface VariableChild extends ValueSummary {
  /** The next part of `path`. */
  key: string | number
  /** As shown: the property's name, the index, the key of a Map. */
  label: string
}

/** A value and one page of what is inside it. */
export interface VariableDetail {
  name: string
  path: (string | number)[]
  value: ValueSummary
  children: VariableChild[]
  /** Index of the first child listed, and children there are in all. */
  from: number
  total: number
}
