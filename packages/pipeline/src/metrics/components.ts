/**
 * The morphological half of the measure of chaos: how many objects an image has, added up over all its levels. The levels
 * are nested, so one union-find pass over pixels by decreasing level serves all of them: a pixel of level v is an object of
 * its own on v levels, and every merge at level v takes one object away on v levels.
 */

/** Levels are bytes of at most this, so that four of them fit one 32-bit word with a bit to spare each. */
export const MOST_LEVELS = 127

/** The high bit of each byte of a word. */
const HIGH = 0x80808080 | 0

/** Four bytes of 127, which no minimum takes. */
const IGNORED = 0x7f7f7f7f

/**
 * Reusable planes around a box; nothing but their size survives from one image to the next. A row is a word of border and then
 * its pixels, filled up to whole words, so that the border of the next row stands to its right.
 */
export class LevelPlanes {
  /** Levels of the pixels, to be filled by the caller at `index(x, y)`; all zero after `open`. */
  level = new Uint8Array(0)
  #width = 0
  #height = 0
  /** Words of a row, border included. */
  #rowWords = 0
  #levelWords = new Int32Array(0)
  #dilatedWords = new Int32Array(0)
  #minimaWords = new Int32Array(0)
  #parent = new Int32Array(0)
  #order = new Int32Array(0)

  /** Makes room for a box of `width` × `height` pixels and clears it. */
  open(width: number, height: number): void {
    this.#width = width
    this.#height = height
    this.#rowWords = 1 + ((width + 3) >> 2)
    const words = this.#rowWords * (height + 2) + 1
    if (words > this.#levelWords.length) {
      this.#levelWords = new Int32Array(words)
      this.#dilatedWords = new Int32Array(words)
      this.#minimaWords = new Int32Array(words)
      this.#parent = new Int32Array(words * 4)
      this.#order = new Int32Array(words * 4)
      this.level = new Uint8Array(this.#levelWords.buffer)
    } else {
      this.#levelWords.fill(0, 0, words)
    }
  }

  /** Cell of the pixel in column `x`, row `y` of the box. */
  index(x: number, y: number): number {
    return (y + 1) * this.#rowWords * 4 + 4 + x
  }

  /** Number of objects, summed over levels 1 … `levels`, after closing small gaps. Overwrites the levels. */
  countObjects(levels: number): number {
    this.#dilate()
    this.#erode()
    return this.#sumComponents(levels)
  }

  /** Maximum over a pixel and its four neighbours, four pixels at a time; all around becomes 127, which the erosion ignores. */
  #dilate(): void {
    const from = this.#levelWords
    const to = this.#dilatedWords
    const row = this.#rowWords
    const fill = this.#fillBits()
    to.fill(IGNORED, 0, row * (this.#height + 2) + 1)
    for (let y = 1; y <= this.#height; y++) {
      const end = (y + 1) * row
      for (let w = y * row + 1; w < end; w++) {
        const here = from[w]
        let most = maximum(here, (here << 8) | (from[w - 1] >>> 24))
        most = maximum(most, (here >>> 8) | (from[w + 1] << 24))
        most = maximum(most, from[w - row])
        to[w] = maximum(most, from[w + row])
      }
      to[end - 1] |= fill & IGNORED
    }
  }

  /** Minimum over 3 × 3 pixels, four at a time, rows first; the result lands in `level`, which stays 0 all around. */
  #erode(): void {
    const from = this.#dilatedWords
    const minima = this.#minimaWords
    const to = this.#levelWords
    const row = this.#rowWords
    const fill = this.#fillBits()
    for (let w = 1; w < row * (this.#height + 2); w++) {
      const here = from[w]
      const least = minimum(here, (here << 8) | (from[w - 1] >>> 24))
      minima[w] = minimum(least, (here >>> 8) | (from[w + 1] << 24))
    }
    for (let y = 1; y <= this.#height; y++) {
      const end = (y + 1) * row
      for (let w = y * row + 1; w < end; w++) to[w] = minimum(minimum(minima[w], minima[w - row]), minima[w + row])
      to[end - 1] &= ~fill
    }
  }

  /** The bits of a row's last word that lie beyond its last pixel. */
  #fillBits(): number {
    const pixels = this.#width & 3
    return pixels === 0 ? 0 : -1 << (8 * pixels)
  }

  #sumComponents(levels: number): number {
    const { level } = this
    const stride = this.#rowWords * 4
    const parent = this.#parent
    const order = this.#order
    const count = this.#sortByLevel(levels)
    let sum = 0
    for (let i = 0; i < count; i++) {
      const p = order[i]
      const v = level[p]
      // Neighbours above or left of the same level, or of a higher one anywhere, have been added before.
      let root = p
      parent[p] = p
      let merges = -1
      for (let side = 0; side < 4; side++) {
        const q = side === 0 ? p - stride : side === 1 ? p - 1 : side === 2 ? p + 1 : p + stride
        if (side < 2 ? level[q] < v : level[q] <= v) continue
        let other = q
        while (parent[other] !== other) other = parent[other] = parent[parent[other]]
        if (other === root) continue
        parent[root] = other
        root = other
        merges++
      }
      sum -= v * merges
    }
    return sum
  }

  /** Cells of level ≥ 1 into `#order`, highest level first, in reading order within a level. */
  #sortByLevel(levels: number): number {
    const { level } = this
    const begin = this.index(0, 0)
    const end = this.index(0, this.#height)
    const next = new Int32Array(levels + 1)
    for (let p = begin; p < end; p++) next[level[p]]++
    let total = 0
    for (let v = levels; v > 0; v--) {
      const here = next[v]
      next[v] = total
      total += here
    }
    const order = this.#order
    for (let p = begin; p < end; p++) if (level[p] > 0) order[next[level[p]]++] = p
    return total
  }
}

/** Larger of each pair of bytes, all at most 127: the high bit of (a | 128) − b says whether a ≥ b, and no byte borrows. */
function maximum(a: number, b: number): number {
  const notLess = ((a | HIGH) - b) & HIGH
  return b ^ ((a ^ b) & (notLess - (notLess >>> 7)))
}

/** Smaller of each pair of bytes. */
function minimum(a: number, b: number): number {
  const notLess = ((a | HIGH) - b) & HIGH
  return a ^ ((a ^ b) & (notLess - (notLess >>> 7)))
}
