/**
 * A reader of FlatBuffers, as much of it as models need: tables, their scalars, strings and vectors. Every access is checked
 * against the end of the buffer, so that a damaged file is an error and never a wrong number.
 *
 * Format: https://flatbuffers.dev/internals/. All offsets are unsigned and relative to where they stand, but for the one at the
 * start of a table, which is signed and leads back to its vtable.
 */
export class FlatTable {
  readonly #view: DataView
  readonly #at: number
  readonly #vtable: number
  readonly #vtableSize: number

  private constructor(view: DataView, at: number) {
    this.#view = view
    this.#at = at
    this.#vtable = at - view.getInt32(at, true)
    this.#vtableSize = view.getUint16(this.#vtable, true)
  }

  /** The root table of a buffer. @throws RangeError when an offset leads out of it, here and in all reads. */
  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return new FlatTable(view, view.getUint32(0, true))
  }

  /** True when field `id` was written. */
  has(id: number): boolean {
    return this.#field(id) !== 0
  }

  int(id: number, otherwise = 0): number {
    const at = this.#field(id)
    return at === 0 ? otherwise : this.#view.getInt32(at, true)
  }

  byte(id: number, otherwise = 0): number {
    const at = this.#field(id)
    return at === 0 ? otherwise : this.#view.getInt8(at)
  }

  double(id: number, otherwise = 0): number {
    const at = this.#field(id)
    return at === 0 ? otherwise : this.#view.getFloat64(at, true)
  }

  string(id: number): string {
    const { start, length } = this.#vector(id, 1)
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, length))
  }

  ints(id: number): Int32Array {
    const { start, length } = this.#vector(id, 4)
    return Int32Array.from({ length }, (_, i) => this.#view.getInt32(start + 4 * i, true))
  }

  floats(id: number): Float32Array {
    const { start, length } = this.#vector(id, 4)
    return Float32Array.from({ length }, (_, i) => this.#view.getFloat32(start + 4 * i, true))
  }

  doubles(id: number): Float64Array {
    const { start, length } = this.#vector(id, 8)
    return Float64Array.from({ length }, (_, i) => this.#view.getFloat64(start + 8 * i, true))
  }

  table(id: number): FlatTable | undefined {
    const at = this.#field(id)
    return at === 0 ? undefined : this.#follow(at)
  }

  tables(id: number): FlatTable[] {
    const { start, length } = this.#vector(id, 4)
    return Array.from({ length }, (_, i) => this.#follow(start + 4 * i))
  }

  /** Elements of a vector, 0 when it was not written. */
  count(id: number): number {
    return this.#vector(id, 0).length
  }

  #follow(at: number): FlatTable {
    return new FlatTable(this.#view, at + this.#view.getUint32(at, true))
  }

  /** Where field `id` lies, 0 when it was not written. */
  #field(id: number): number {
    const entry = 4 + 2 * id
    if (entry + 2 > this.#vtableSize) return 0
    const offset = this.#view.getUint16(this.#vtable + entry, true)
    return offset === 0 ? 0 : this.#at + offset
  }

  #vector(id: number, size: number): { start: number; length: number } {
    const at = this.#field(id)
    if (at === 0) return { start: 0, length: 0 }
    const vector = at + this.#view.getUint32(at, true)
    const length = this.#view.getUint32(vector, true)
    const start = vector + 4
    // Before anything is allocated: a length may be nonsense.
    if (start + length * size > this.#view.byteLength) throw new RangeError('a vector is longer than the file')
    return { start, length }
  }
}
