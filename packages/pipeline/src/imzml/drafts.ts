/** What the parser collects about arrays: a draft of the one being read, growing columns of all before it. */
import type { ArrayColumns, ArrayType } from './model.js'

/** One array of the spectrum being read. */
export interface ArrayDraft {
  kind: 'mz' | 'intensity' | undefined
  type: ArrayType | 'f16' | undefined
  zlib: boolean
  offset: number
  length: number
  encoded: number
  unknownRef: string | undefined
}

export const freshArray = (): ArrayDraft => ({
  kind: undefined,
  type: undefined,
  zlib: false,
  offset: Number.NaN,
  length: Number.NaN,
  encoded: Number.NaN,
  unknownRef: undefined,
})

/** A column that grows. */
export class Column {
  data = new Float64Array(1024)
  size = 0
  push(value: number): void {
    if (this.size === this.data.length) {
      const grown = new Float64Array(this.size * 2)
      grown.set(this.data)
      this.data = grown
    }
    this.data[this.size++] = value
  }
}

export class ArrayBuilder {
  type: ArrayType | undefined
  zlib = false
  readonly offset = new Column()
  readonly length = new Column()
  readonly encoded = new Column()

  columns(): ArrayColumns {
    const size = this.offset.size
    return {
      type: this.type as ArrayType,
      zlib: this.zlib,
      offset: unwrapOffsets(this.offset.data.slice(0, size)),
      length: this.length.data.slice(0, size),
      encoded: this.encoded.data.slice(0, size),
    }
  }
}

/**
 * Undoes the wrap-around of writers that hold offsets in signed 32-bit integers: whenever a value is negative and the raw
 * value before it was not, 2³² is added to it and to all that follow.
 */
export function unwrapOffsets(raw: Float64Array): Float64Array {
  let add = 0
  let previous = 0
  for (let i = 0; i < raw.length; i++) {
    const value = raw[i] as number
    if (value < 0 && previous >= 0) add += 2 ** 32
    previous = value
    raw[i] = value + add
  }
  return raw
}

/** All values are the same. */
export function isConstant(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false
  return true
}
