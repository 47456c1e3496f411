/** The last byte of an MD5 (RFC 1321): all that numbering needs, and five times as fast as a call into the crypto module for each ion. */
import { hash } from 'node:crypto'

/** Characters that fit into one block with the end mark and the length. */
const ONE_BLOCK = 55
/** floor(2³² · |sin(i + 1)|), the rotation of each step, and the word it takes. */
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0)
const TURNS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
const ROTATIONS = Uint8Array.from({ length: 64 }, (_, i) => TURNS[(i >> 4) * 4 + (i & 3)] as number)
const WORDS = Uint8Array.from({ length: 64 }, (_, i) => [i, 5 * i + 1, 3 * i + 5, 7 * i][i >> 4]! & 15)

const block = new Int32Array(16)

/** Byte 15 of the MD5 of a text in UTF-8. */
export function lastByteOfMd5(text: string): number {
  if (!fill(text)) return hash('md5', text, 'buffer')[15] as number
  let a = 0x67452301
  let b = 0xefcdab89 | 0
  let c = 0x98badcfe | 0
  let d = 0x10325476
  for (let i = 0; i < 64; i++) {
    const mixed = i < 16 ? (b & c) | (~b & d) : i < 32 ? (d & b) | (~d & c) : i < 48 ? b ^ c ^ d : c ^ (b | ~d)
    const sum = (a + mixed + (SINES[i] as number) + (block[WORDS[i] as number] as number)) | 0
    const turn = ROTATIONS[i] as number
    a = d
    d = c
    c = b
    b = (b + ((sum << turn) | (sum >>> (32 - turn)))) | 0
  }
  return (d + 0x10325476) >>> 24
}

/** Lays a text out as the only block; false where it does not fit or is not ASCII. */
function fill(text: string): boolean {
  const { length } = text
  if (length > ONE_BLOCK) return false
  block.fill(0)
  for (let i = 0; i <= length; i++) {
    const code = i === length ? 0x80 : text.charCodeAt(i)
    if (code > 127 && i < length) return false
    block[i >> 2]! |= code << ((i & 3) << 3)
  }
  block[14] = length * 8
  return true
}
