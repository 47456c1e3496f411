/** The controlled vocabulary as numbers, read straight from bytes. */
import type { ImzML } from './model.js'
import { nameHash } from './xml.js'

/** Elements the parser acts on. */
export const E = {
  cvParam: nameHash('cvParam'),
  group: nameHash('referenceableParamGroup'),
  groupRef: nameHash('referenceableParamGroupRef'),
  fileContent: nameHash('fileContent'),
  spectrumList: nameHash('spectrumList'),
  spectrum: nameHash('spectrum'),
  array: nameHash('binaryDataArray'),
}
/** Attributes it reads. */
export const A = {
  accession: nameHash('accession'),
  name: nameHash('name'),
  value: nameHash('value'),
  ref: nameHash('ref'),
  id: nameHash('id'),
}

/** A parameter of a group, kept until the group is referred to. */
export interface Param {
  accession: number
  value: string
}

/** Accessions as numbers: `MS:1000514` → 1000514, `IMS:1000050` → 11000050. */
export const IMS = 10_000_000
export const P = {
  mzArray: 1000514,
  intensityArray: 1000515,
  f16: 1000520,
  f32: 1000521,
  f64: 1000523,
  i32: 1000519,
  i64: 1000522,
  imsI32: IMS + 1000141,
  imsI64: IMS + 1000142,
  zlib: 1000574,
  centroid: 1000127,
  profile: 1000128,
  negative: 1000129,
  positive: 1000130,
  continuous: IMS + 1000030,
  processed: IMS + 1000031,
  x: IMS + 1000050,
  y: IMS + 1000051,
  z: IMS + 1000052,
  uuid: IMS + 1000080,
  md5: IMS + 1000090,
  sha1: IMS + 1000091,
  sha256: IMS + 1000092,
  offset: IMS + 1000102,
  length: IMS + 1000103,
  encoded: IMS + 1000104,
}

/** `MS:1000514` → 1000514, `IMS:1000050` → 11000050, anything else → -1. */
export function readAccession(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let base = 0
  if (bytes[at] === 0x49) {
    base = IMS
    at++
  }
  if (bytes[at] !== 0x4d || bytes[at + 1] !== 0x53 || bytes[at + 2] !== 0x3a) return -1
  const number = readInteger(bytes, at + 3, end)
  return number >= 0 && number < IMS ? base + number : -1
}

/** Decimal integer with an optional sign; NaN when it is anything else. */
export function readInteger(bytes: Uint8Array, from: number, to: number): number {
  let start = from
  let end = to
  while (start < end && (bytes[start] as number) <= 0x20) start++
  while (end > start && (bytes[end - 1] as number) <= 0x20) end--
  let sign = 1
  if (bytes[start] === 0x2d || bytes[start] === 0x2b) {
    if (bytes[start] === 0x2d) sign = -1
    start++
  }
  if (start >= end || end - start > 15) return Number.NaN
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = (bytes[i] as number) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return sign * value
}

/** A checksum by its length: MD5, SHA-1 or SHA-256; undefined when it is none of them. */
export function checksumOf(value: string): ImzML['checksum'] {
  const hex = value.replace(/[^0-9a-fA-F]/g, '').toLowerCase()
  const algorithm = ({ 32: 'md5', 40: 'sha1', 64: 'sha256' } as const)[hex.length]
  return algorithm ? { algorithm, hex } : undefined
}
