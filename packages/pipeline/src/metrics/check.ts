/** Arguments of the metrics that mean nothing: wrong in shape or no numbers. */
import { MayflyError } from '@mayfly/executor/errors'

const HINT = 'Pass images row by row, as Float32Array, with 0 for pixels without a spectrum.'

/** Images that do not fit each other, or the sizes given with them. */
export function badImage(what: string, hint = HINT): MayflyError {
  return new MayflyError('E_IMAGE_SIZE', what, { hint })
}

/** Whether it can be read by index and has a length: a typed array, or a plain one. */
export function isNumbers(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))
}

/** @throws MayflyError E_IMAGE_SIZE unless it is an image of `width · height` pixels. */
export function checkImage(image: unknown, width: number, height: number): void {
  if (!isNumbers(image)) throw badImage(`Expected an image, got ${image === null ? 'null' : typeof image}`)
  const whole = Number.isInteger(width) && Number.isInteger(height) && width >= 0 && height >= 0
  if (whole && image.length === width * height) return
  throw badImage(`Expected ${width} × ${height} pixels, got ${image.length}`)
}

/** @throws MayflyError E_IMAGE_VALUE for a pixel without a finite intensity. */
export function checkPixel(value: number, pixel: number): void {
  if (Number.isFinite(value)) return
  throw new MayflyError('E_IMAGE_VALUE', `Pixel ${pixel} is ${value}`, {
    hint: 'Intensities are finite numbers; give pixels without a spectrum 0.',
    where: { pixel },
  })
}
