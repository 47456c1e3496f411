/** Typed arrays that grow: capacity doubles, so adding a million rows one by one stays linear. */

type Numeric = Float64Array | Int32Array | Uint16Array | Uint8Array

/** One growing column of numbers. `data` is replaced when it grows: do not keep it. */
export class Column<T extends Numeric> {
  data: T
  length = 0

  constructor(
    private readonly make: new (size: number) => T,
    private readonly fill: number = 0,
    capacity = 256,
  ) {
    this.data = new make(capacity)
    if (fill !== 0) this.data.fill(fill)
  }

  /** Makes room for `length` values; new ones hold the fill value. */
  resize(length: number): void {
    if (length > this.data.length) {
      const bigger = new this.make(Math.max(length, this.data.length * 2))
      bigger.set(this.data)
      if (this.fill !== 0) bigger.fill(this.fill, this.data.length)
      this.data = bigger
    }
    this.length = Math.max(this.length, length)
  }

  push(value: number): void {
    const at = this.length
    this.resize(at + 1)
    this.data[at] = value
  }
}

export const float64 = (fill = 0) => new Column(Float64Array, fill)
export const int32 = (fill = 0) => new Column(Int32Array, fill)
export const uint16 = (fill = 0) => new Column(Uint16Array, fill)
export const uint8 = (fill = 0) => new Column(Uint8Array, fill)
