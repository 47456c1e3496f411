/**
 * The format of every table in object storage: named columns of typed arrays (or strings) behind a small JSON header, each
 * column aligned to 8 bytes. Columns decode to views without a copy, and a reader can fetch single columns or row ranges.
 *
 * Layout: `MFC1`, u32 length of the header, header (JSON, padded), columns. Strings are an end-offset column followed by UTF-8.
 */
import { MayflyError } from '@mayfly/executor/errors'

export type Column = Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array | readonly string[]
export type Columns = Record<string, Column>

const MAGIC = 0x3143464d
const KINDS = { f64: Float64Array, f32: Float32Array, u32: Uint32Array, i32: Int32Array, u8: Uint8Array } as const
type Kind = keyof typeof KINDS | 'text'

interface Entry {
  name: string
  kind: Kind
  /** Elements. */
  length: number
  /** Bytes from the start of the object. */
  offset: number
  bytes: number
}

/** Reads bytes `[start, end)` of an object; less at its end. */
export type ByteReader = (start: number, end: number) => Promise<Uint8Array>

const align = (n: number) => (n + 7) & ~7

function kindOf(column: Column): Kind {
  for (const [kind, type] of Object.entries(KINDS)) if (column instanceof type) return kind as Kind
  return 'text'
}

function encodeText(texts: readonly string[]): Uint8Array {
  const body = Buffer.from(texts.join(''), 'utf8')
  const ends = new Uint32Array(texts.length)
  let at = 0
  for (let i = 0; i < texts.length; i++) ends[i] = at += Buffer.byteLength(texts[i] as string)
  const out = new Uint8Array(ends.byteLength + body.length)
  out.set(new Uint8Array(ends.buffer))
  out.set(body, ends.byteLength)
  return out
}

function decodeText(bytes: Uint8Array, length: number): string[] {
  const ends = new Uint32Array(new Uint8Array(bytes.subarray(0, length * 4)).buffer)
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + length * 4, bytes.byteLength - length * 4)
  const out = new Array<string>(length)
  // Formulas are ASCII: cutting one decoded string is many times faster than decoding each.
  const whole = body.toString('latin1')
  const ascii = !/[\x80-\xff]/.test(whole)
  let from = 0
  for (let i = 0; i < length; i++) {
    const to = ends[i] as number
    out[i] = ascii ? whole.slice(from, to) : body.toString('utf8', from, to)
    from = to
  }
  return out
}

/** Serializes columns; the order of the keys is kept. */
export function encodeColumns(columns: Columns): Uint8Array {
  const parts = Object.entries(columns).map(([name, column]) => {
    const kind = kindOf(column)
    const body =
      kind === 'text'
        ? encodeText(column as readonly string[])
        : new Uint8Array(
            (column as Float64Array).buffer,
            (column as Float64Array).byteOffset,
            (column as Float64Array).byteLength,
          )
    return { name, kind, length: column.length, body }
  })
  const header = (base: number) => {
    let at = base
    return JSON.stringify(
      parts.map(({ name, kind, length, body }): Entry => {
        const entry = { name, kind, length, offset: at, bytes: body.length }
        at = align(at + body.length)
        return entry
      }),
    )
  }
  // The header's own length moves the offsets, so it is padded to a bound that holds for the largest of them.
  const total = parts.reduce((sum, part) => sum + part.body.length + 8, 0)
  const base = align(8 + header(1e4 + total).length + 16)
  const text = Buffer.from(header(base))
  const last = parts.reduce((at, part) => align(at + part.body.length), base)
  const out = new Uint8Array(last)
  const view = new DataView(out.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, base, true)
  out.fill(0x20, 8, base)
  out.set(text, 8)
  let at = base
  for (const { body } of parts) {
    out.set(body, at)
    at = align(at + body.length)
  }
  return out
}

function readHeader(bytes: Uint8Array, end: number): Entry[] {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + 8, end - 8).toString('utf8')) as Entry[]
}

function headerEnd(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) {
    throw new MayflyError('E_COLUMNS_FORMAT', 'an object in storage is not a Mayfly table', {
      hint: 'It was overwritten or is from another version: clear the cache (`clean()`) and run again.',
    })
  }
  return view.getUint32(4, true)
}

function decode(entry: Entry, bytes: Uint8Array): Column {
  if (entry.kind === 'text') return decodeText(bytes, entry.length)
  const type = KINDS[entry.kind]
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes)
  return new type(aligned.buffer as ArrayBuffer, aligned.byteOffset, entry.length)
}

/** All columns of a whole object; typed arrays are views of `bytes` when it is aligned. */
export function decodeColumns<T extends Columns = Columns>(bytes: Uint8Array): T {
  const entries = readHeader(bytes, headerEnd(bytes))
  return Object.fromEntries(
    entries.map((entry) => [entry.name, decode(entry, bytes.subarray(entry.offset, entry.offset + entry.bytes))]),
  ) as T
}

/** Opens a table for partial reads: columns, or rows `[from, to)` of numeric columns, with one request each. */
export async function openColumns(read: ByteReader): Promise<ColumnReader> {
  let head = await read(0, 4096)
  const end = headerEnd(head)
  if (end > head.length) head = await read(0, end)
  return new ColumnReader(readHeader(head, end), read)
}

export class ColumnReader {
  constructor(
    private readonly entries: readonly Entry[],
    private readonly read: ByteReader,
  ) {}

  private entry(name: string): Entry {
    const entry = this.entries.find((e) => e.name === name)
    if (entry) return entry
    throw new MayflyError('E_COLUMNS_FORMAT', `a table in storage has no column "${name}"`, {
      hint: 'It is from another version: clear the cache (`clean()`) and run again.',
    })
  }

  /** Elements of a column. */
  length(name: string): number {
    return this.entry(name).length
  }

  async column<T extends Column>(name: string): Promise<T> {
    const entry = this.entry(name)
    return decode(entry, await this.read(entry.offset, entry.offset + entry.bytes)) as T
  }

  /** Elements `[from, to)` of a numeric column. */
  async slice<T extends Exclude<Column, readonly string[]>>(name: string, from: number, to: number): Promise<T> {
    const entry = this.entry(name)
    const size = entry.length === 0 ? 0 : entry.bytes / entry.length
    const bytes = await this.read(entry.offset + from * size, entry.offset + to * size)
    return decode({ ...entry, length: to - from }, bytes) as T
  }
}
