/**
 * A streaming XML tag scanner on bytes, made for imzML: it knows elements and attributes, checks that tags are closed in
 * order, and skips text. Namespaces are dropped: elements are told apart by a hash of their local name, so nothing is
 * decoded to a string on the hot path (about 1 ns a byte).
 */
import { ImzMLError } from './errors.js'

const LT = 0x3c
const GT = 0x3e
const SLASH = 0x2f
const EQUALS = 0x3d
const QUOTE = 0x22
const APOSTROPHE = 0x27
const COLON = 0x3a
const MAX_TAG = 1 << 24
const MAX_ATTRIBUTES = 64

/** Hash by which elements and attributes are told apart. */
export function nameHash(name: string): number {
  let hash = 7
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0
  return hash
}

/** Attributes of the current tag, as positions in `bytes`; valid only during the callback. */
export class Attributes {
  bytes: Uint8Array = new Uint8Array(0)
  count = 0
  readonly names = new Int32Array(MAX_ATTRIBUTES)
  readonly starts = new Int32Array(MAX_ATTRIBUTES)
  readonly ends = new Int32Array(MAX_ATTRIBUTES)

  /** Index of the attribute with this name hash, or -1. */
  find(name: number): number {
    for (let i = 0; i < this.count; i++) if (this.names[i] === name) return i
    return -1
  }

  /** Decoded value of the attribute, or undefined when it is absent. */
  text(name: number): string | undefined {
    const i = this.find(name)
    if (i < 0) return undefined
    const raw = utf8.decode(this.bytes.subarray(this.starts[i], this.ends[i]))
    return raw.includes('&')
      ? raw.replace(/&(#x?[0-9a-fA-F]+|\w+);/g, (whole, entity) => decodeEntity(entity) ?? whole)
      : raw
  }
}

const utf8 = new TextDecoder()
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntity(entity: string): string | undefined {
  if (entity[0] !== '#') return NAMED[entity]
  const code = entity[1] === 'x' ? Number.parseInt(entity.slice(2), 16) : Number.parseInt(entity.slice(1), 10)
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}

export interface XmlHandler {
  open(name: number, attributes: Attributes): void
  close(name: number): void
}

/** Feed it with `push`, then call `finish`; tags may be torn anywhere between chunks. */
export class XmlScanner {
  private carry: Uint8Array = new Uint8Array(0)
  private consumed = 0
  private readonly stack: number[] = []
  private readonly attributes = new Attributes()
  private sawRoot = false

  constructor(
    private readonly handler: XmlHandler,
    private readonly file: string,
  ) {}

  push(chunk: Uint8Array): void {
    let bytes = chunk
    if (this.carry.length > 0) {
      bytes = new Uint8Array(this.carry.length + chunk.length)
      bytes.set(this.carry)
      bytes.set(chunk, this.carry.length)
    }
    if (this.consumed === 0) this.checkEncoding(bytes)
    const used = this.scan(bytes)
    this.consumed += used
    this.carry = new Uint8Array(bytes.subarray(used))
    if (this.carry.length > MAX_TAG) throw this.fault('E_IMZML_XML', 'a tag or comment longer than 16 MiB')
  }

  finish(): void {
    if (!this.sawRoot) throw this.fault('E_IMZML_XML', 'there is no XML element in the file')
    if (this.stack.length > 0 || this.carry.indexOf(LT) >= 0) {
      throw this.fault('E_IMZML_TRUNCATED', 'the XML ends in the middle', 'Copy the file again; it is cut off.')
    }
  }

  private fault(code: string, what: string, hint = 'Open the file in an XML viewer, or export it again.'): ImzMLError {
    return new ImzMLError(code, `${this.file}: ${what} (near byte ${this.consumed})`, {
      hint,
      where: { file: this.file, byte: this.consumed },
    })
  }

  private checkEncoding(bytes: Uint8Array): void {
    if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
      throw this.fault('E_IMZML_XML', 'the XML is UTF-16', 'Save it as UTF-8 or ISO-8859-1.')
    }
  }

  /** Handles every complete tag and returns how many bytes are done with. */
  private scan(bytes: Uint8Array): number {
    const end = bytes.length
    this.attributes.bytes = bytes
    let at = 0
    for (;;) {
      // Between tags there are a few blanks; the native search pays only for longer stretches.
      const near = Math.min(end, at + 24)
      while (at < near && bytes[at] !== LT) at++
      if (at === near && at < end && bytes[at] !== LT) {
        const found = bytes.indexOf(LT, at)
        at = found < 0 ? end : found
      }
      if (at >= end) return end
      if (at + 1 >= end) return at
      const kind = bytes[at + 1]
      let next: number
      if (kind === 0x21 || kind === 0x3f) next = this.skipMarkup(bytes, at, end)
      else if (kind === SLASH) next = this.closeTag(bytes, at + 2, end)
      else next = this.openTag(bytes, at + 1, end)
      if (next < 0) return at
      at = next
    }
  }

  /** Position after a comment, CDATA section, DOCTYPE or processing instruction; -1 when it is not complete. */
  private skipMarkup(bytes: Uint8Array, at: number, end: number): number {
    if (bytes[at + 1] === 0x3f) return after(bytes, at + 2, end, '?>')
    if (end - at < 9) return -1
    if (matches(bytes, at, '<!--')) return after(bytes, at + 4, end, '-->')
    if (matches(bytes, at, '<![CDATA[')) return after(bytes, at + 9, end, ']]>')
    let depth = 0
    for (let i = at + 2; i < end; i++) {
      if (bytes[i] === 0x5b) depth++
      else if (bytes[i] === 0x5d) depth--
      else if (bytes[i] === GT && depth <= 0) return i + 1
    }
    return -1
  }

  private closeTag(bytes: Uint8Array, start: number, end: number): number {
    let hash = 7
    let i = start
    for (; i < end && bytes[i] !== GT; i++) {
      const c = bytes[i] as number
      if (c === COLON) hash = 7
      else if (c > 0x20) hash = (Math.imul(hash, 31) + c) | 0
    }
    if (i >= end) return -1
    if (this.stack.pop() !== hash) {
      throw this.fault('E_IMZML_XML', `the closing tag </${text(bytes, start, i)}> has no opening tag`)
    }
    this.handler.close(hash)
    return i + 1
  }

  private openTag(bytes: Uint8Array, start: number, end: number): number {
    let hash = 7
    let i = start
    for (; i < end; i++) {
      const c = bytes[i] as number
      if (c <= 0x20 || c === GT || c === SLASH) break
      hash = c === COLON ? 7 : (Math.imul(hash, 31) + c) | 0
    }
    const attributes = this.attributes
    let count = 0
    for (;;) {
      while (i < end && (bytes[i] as number) <= 0x20) i++
      if (i >= end) return -1
      if (bytes[i] === GT || bytes[i] === SLASH) break
      let name = 7
      const from = i
      for (; i < end; i++) {
        const c = bytes[i] as number
        if (c === EQUALS || c <= 0x20) break
        if (c === GT || c === LT) throw this.fault('E_IMZML_XML', `the attribute ${text(bytes, from, i)} has no value`)
        name = c === COLON ? 7 : (Math.imul(name, 31) + c) | 0
      }
      while (i < end && ((bytes[i] as number) <= 0x20 || bytes[i] === EQUALS)) i++
      if (i >= end) return -1
      const quote = bytes[i]
      if (quote !== QUOTE && quote !== APOSTROPHE) {
        throw this.fault('E_IMZML_XML', `the value of attribute ${text(bytes, from, i)} is not quoted`)
      }
      const valueStart = ++i
      while (i < end && bytes[i] !== quote) i++
      if (i >= end) return -1
      if (count < MAX_ATTRIBUTES) {
        attributes.names[count] = name
        attributes.starts[count] = valueStart
        attributes.ends[count] = i
        count++
      }
      i++
    }
    const selfClosing = bytes[i] === SLASH
    if (selfClosing) {
      if (i + 1 >= end) return -1
      if (bytes[i + 1] !== GT) throw this.fault('E_IMZML_XML', 'a stray "/" in a tag')
      i++
    }
    this.sawRoot = true
    attributes.count = count
    this.handler.open(hash, attributes)
    if (selfClosing) this.handler.close(hash)
    else this.stack.push(hash)
    return i + 1
  }
}

function matches(bytes: Uint8Array, at: number, wanted: string): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted.charCodeAt(i)) return false
  return true
}

function after(bytes: Uint8Array, from: number, end: number, mark: string): number {
  const first = mark.charCodeAt(0)
  for (let i = bytes.indexOf(first, from); i >= 0 && i + mark.length <= end; i = bytes.indexOf(first, i + 1)) {
    if (matches(bytes, i, mark)) return i + mark.length
  }
  return -1
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return utf8.decode(bytes.subarray(from, Math.min(to, from + 60))).trim()
}
