/**
 * The morphological half of the measure of chaos: how many objects an image has, added up over all its levels. The levels
 * are nested, so one union-find pass over pixels by decreasing level serves all of them: a pixel of level v is an object of
 * its own on v levels, and every merge at level v takes one object away on v levels.
 */

/** Reusable planes with a border of one pixel around a box; nothing but their size survives from one image to the next. */
export class LevelPlanes {
  /** Levels of the pixels, to be filled by the caller at `index(x, y)`; all zero after `open`. */
  level = new Uint8Array(0)
  stride = 0
  #width = 0
  #height = 0
  #dilated = new Uint8Array(0)
  #rows = new Uint8Array(0)
  #parent = new Int32Array(0)
  #order = new Int32Array(0)

  /** Makes room for a box of `width` × `height` pixels and clears it. */
  open(width: number, height: number): void {
    this.#width = width
    this.#height = height
    this.stride = width + 2
    const cells = this.stride * (height + 2)
    if (cells > this.level.length) {
      this.level = new Uint8Array(cells)
      this.#dilated = new Uint8Array(cells)
      this.#rows = new Uint8Array(cells)
      this.#parent = new Int32Array(cells)
      this.#order = new Int32Array(cells)
    } else {
      this.level.fill(0, 0, cells)
    }
  }

  /** Cell of the pixel in column `x`, row `y` of the box. */
  index(x: number, y: number): number {
    return (y + 1) * this.stride + x + 1
  }

  /** Number of objects, summed over levels 1 … `levels`, after closing small gaps. Overwrites the levels. */
  countObjects(levels: number): number {
    this.#dilate()
    this.#erode()
    return this.#sumComponents(levels)
  }

  /** Maximum over a pixel and its four neighbours; the border becomes 255 so that the erosion ignores it. */
  #dilate(): void {
    const { level, stride } = this
    const dilated = this.#dilated
    const width = this.#width
    const height = this.#height
    dilated.fill(255, 0, stride * (height + 2))
    for (let y = 1; y <= height; y++) {
      const begin = y * stride + 1
      for (let p = begin; p < begin + width; p++) {
        let most = level[p]
        if (level[p - 1] > most) most = level[p - 1]
        if (level[p + 1] > most) most = level[p + 1]
        if (level[p - stride] > most) most = level[p - stride]
        if (level[p + stride] > most) most = level[p + stride]
        dilated[p] = most
      }
    }
  }

  /** Minimum over 3 × 3 pixels, rows first; the result lands in `level`, whose border stays 0. */
  #erode(): void {
    const { level, stride } = this
    const dilated = this.#dilated
    const rows = this.#rows
    const width = this.#width
    const height = this.#height
    for (let y = 0; y < height + 2; y++) {
      const begin = y * stride + 1
      for (let p = begin; p < begin + width; p++) {
        let least = dilated[p]
        if (dilated[p - 1] < least) least = dilated[p - 1]
        if (dilated[p + 1] < least) least = dilated[p + 1]
        rows[p] = least
      }
    }
    for (let y = 1; y <= height; y++) {
      const begin = y * stride + 1
      for (let p = begin; p < begin + width; p++) {
        let least = rows[p]
        if (rows[p - stride] < least) least = rows[p - stride]
        if (rows[p + stride] < least) least = rows[p + stride]
        level[p] = least
      }
    }
  }

  #sumComponents(levels: number): number {
    const { level, stride } = this
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
    const { level, stride } = this
    const width = this.#width
    const height = this.#height
    const next = new Int32Array(levels + 2)
    for (let y = 1; y <= height; y++) {
      const begin = y * stride + 1
      for (let p = begin; p < begin + width; p++) next[level[p]]++
    }
    let total = 0
    for (let v = levels; v > 0; v--) {
      const here = next[v]
      next[v] = total
      total += here
    }
    const order = this.#order
    for (let y = 1; y <= height; y++) {
      const begin = y * stride + 1
      for (let p = begin; p < begin + width; p++) if (level[p] > 0) order[next[level[p]]++] = p
    }
    return total
  }
}
