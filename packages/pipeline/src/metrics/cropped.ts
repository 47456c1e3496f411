/**
 * The image whose chaos METASPACE measures: rows and columns more than two away from any pixel are cut out first, which would change
 * nothing, were it not for a slip at the far end. The line before the last one is kept only for pixels up to two lines above it, not
 * for those of the last line; so when lines n − 4 … n − 2 are empty, n − 2 goes, and the last line comes nearer to the others or,
 * in an image of two lines, stands alone. Lines are only cut where less than 90 % of them would be left.
 */

/** Share of lines from which on none is cut. */
const DENSE = 0.9

/** Pixels `y · width + x` of an image, and its size. */
export interface PixelPlaces {
  pixels: Uint32Array | Int32Array
  width: number
  height: number
}

/** The first `count` pixels of an image where METASPACE's cut leaves them; mostly the very same ones. */
export function croppedAsMetaspace(places: PixelPlaces, count: number): PixelPlaces {
  const { pixels, width, height } = places
  const rows = new Uint8Array(height)
  const columns = new Uint8Array(width)
  for (let i = 0; i < count; i++) {
    const p = pixels[i] as number
    rows[(p / width) | 0] = 1
    columns[p % width] = 1
  }
  const row = losesALine(rows) ? 1 : 0
  const column = losesALine(columns) ? 1 : 0
  if (row + column === 0) return places
  const left = width - column
  const moved = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const p = pixels[i] as number
    const y = Math.min((p / width) | 0, height - 1 - row)
    moved[i] = y * left + Math.min(p % width, left - 1)
  }
  return { pixels: moved, width: left, height: height - row }
}

/** Whether the line before the last is cut although the last one is occupied. */
function losesALine(occupied: Uint8Array): boolean {
  const n = occupied.length
  if (n < 2 || !occupied[n - 1] || occupied[n - 2] || occupied[n - 3] || occupied[n - 4]) return false
  let kept = 0
  for (let i = 0; i < n; i++) {
    if (i === n - 2) continue
    if (occupied[i - 2] || occupied[i - 1] || occupied[i] || occupied[i + 1] || occupied[i + 2]) kept++
  }
  return kept < DENSE * n
}
