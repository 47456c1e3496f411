/** Names of buckets and keys, checked before any driver sees them: what passes here works on every storage. Pure. */
import { MayflyError } from '../errors.js'

/** Throws `E_STORAGE_BUCKET` unless the name is 1–63 of `a-z A-Z 0-9 . _ -` and starts with a letter or digit. */
export function checkBucket(bucket: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(bucket)) return bucket
  throw new MayflyError('E_STORAGE_BUCKET', `'${bucket}' is not a bucket name`, {
    hint: 'Use up to 63 letters, digits, dots, hyphens and underscores; start with a letter or a digit.',
  })
}

/**
 * Throws `E_STORAGE_KEY` for what cannot be a key on S3 or gets lost on the way there: empty, above 1024 bytes, no valid
 * Unicode, control characters, parts `.` and `..`. Empty parts (`/a`, `a//b`, `a/`) are fine, and so are `a` and `a/b` together.
 */
export function checkKey(key: string): string {
  const bad =
    typeof key !== 'string' ||
    key.length === 0 ||
    key.length > 1024 ||
    Buffer.byteLength(key) > 1024 ||
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused.
    /[\0-\x1f\x7f]|(^|\/)\.\.?(\/|$)/.test(key) ||
    /\p{Surrogate}/u.test(key)
  if (!bad) return key
  throw new MayflyError('E_STORAGE_KEY', `${JSON.stringify(key)} is not a key`, {
    hint: "Use 1 to 1024 bytes of text without control characters and without '.' or '..' between slashes.",
  })
}

/** Order of keys on every storage: by their UTF-8 bytes, which is not JavaScript's order of strings beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    // Surrogates (pairs, above U+FFFF) come behind everything else; within each group the units' order is the bytes' order.
    const [high, low] = [x >= 0xd800 && x < 0xe000, y >= 0xd800 && y < 0xe000]
    return high === low ? x - y : high ? 1 : -1
  }
  return a.length - b.length
}
