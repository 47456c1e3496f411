/** Bytes for JSON, and what kind of file they are. Pure. */

export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')

export type PictureMime = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

const SIGNATURES: readonly [PictureMime, offset: number, ...signature: number[]][] = [
  ['image/png', 0, 0x89, 0x50, 0x4e, 0x47],
  ['image/jpeg', 0, 0xff, 0xd8, 0xff],
  ['image/gif', 0, 0x47, 0x49, 0x46, 0x38],
  ['image/webp', 8, 0x57, 0x45, 0x42, 0x50],
]

/** The image format that the first bytes announce. */
export function imageMime(bytes: Uint8Array): PictureMime | undefined {
  return SIGNATURES.find(([, offset, ...signature]) => signature.every((byte, i) => bytes[offset + i] === byte))?.[0]
}
