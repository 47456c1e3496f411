/**
 * Colour maps: grey, and viridis (Smith and van der Walt, 2015, CC0) with even steps in lightness, safe for colour-blind
 * readers. Eleven anchors of it at 0, 0.1 … 1 with linear interpolation stay within three of 255 units of the full map.
 */

const ANCHORS = [
  '440154',
  '482475',
  '414487',
  '355f8d',
  '2a788e',
  '21918c',
  '22a884',
  '44bf70',
  '7ad151',
  'bddf26',
  'fde725',
]

const SIZE = 256
const TABLE = new Uint8Array(SIZE * 3)
for (let i = 0; i < SIZE; i++) {
  const position = (i / (SIZE - 1)) * (ANCHORS.length - 1)
  const anchor = Math.min(Math.floor(position), ANCHORS.length - 2)
  for (let channel = 0; channel < 3; channel++) {
    const from = channelOf(ANCHORS[anchor], channel)
    const to = channelOf(ANCHORS[anchor + 1], channel)
    TABLE[i * 3 + channel] = Math.round(from + (to - from) * (position - anchor))
  }
}

/** Red, green and blue (0 … 255) of a value from 0 to 1; values outside are clipped, NaN counts as 0. Do not write into it. */
export function viridis(value: number): Uint8Array {
  const index = value > 0 ? Math.min(SIZE - 1, Math.round(value * (SIZE - 1))) : 0
  return TABLE.subarray(index * 3, index * 3 + 3)
}

/** Black to white; values as of `viridis`. */
export function grey(value: number): Uint8Array {
  return new Uint8Array(3).fill(value > 0 ? Math.round(Math.min(1, value) * 255) : 0)
}

function channelOf(hex: string, channel: number): number {
  return Number.parseInt(hex.slice(channel * 2, channel * 2 + 2), 16)
}
