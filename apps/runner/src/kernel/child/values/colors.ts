/**
 * Colour maps for numbers. Viridis, inferno, magma and plasma (Smith and van der Walt, 2015, CC0) have even steps in lightness and
 * are safe for colour-blind readers. Anchors with linear interpolation between them. Pure.
 */

const ANCHORS: Record<Mayfly.ColorMap, string> = {
  viridis: '440154482475414487355f8d2a788e21918c22a88444bf707ad151bddf26fde725',
  inferno: '0000041b0c414a0c6b781c6da52c60cf4446ed6925fb9b06f7d13dfcffa4',
  magma: '000004180f3d440f76721f819e2f7fcd4071f1605dfd9668feca8dfcfdbf',
  plasma: '0d088746039f7201a89c179ebd3786d8576bed7953fb9f3afdca26f0f921',
  grey: '000000ffffff',
}

const SIZE = 256
const tables = new Map<Mayfly.ColorMap, Uint8Array>()

export const COLOR_MAPS = Object.keys(ANCHORS) as readonly Mayfly.ColorMap[]

/** 256 colours of three bytes, lowest value first. */
export function colorTable(map: Mayfly.ColorMap): Uint8Array {
  const known = tables.get(map)
  if (known) return known
  const anchors = Buffer.from(ANCHORS[map], 'hex')
  const last = anchors.length / 3 - 1
  const table = new Uint8Array(SIZE * 3)
  for (let i = 0; i < SIZE; i++) {
    const position = (i / (SIZE - 1)) * last
    const at = Math.min(Math.floor(position), last - 1)
    for (let channel = 0; channel < 3; channel++) {
      const from = anchors[at * 3 + channel]!
      const to = anchors[(at + 1) * 3 + channel]!
      table[i * 3 + channel] = Math.round(from + (to - from) * (position - at))
    }
  }
  tables.set(map, table)
  return table
}
