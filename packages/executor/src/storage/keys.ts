/** Names of buckets and keys, checked before they become a path. Pure. */
import { MayflyError } from '../errors.js'

/** Throws `E_STORAGE_BUCKET` unless the name is 1–63 of `a-z A-Z 0-9 . _ -` and starts with a letter or digit. */
export function checkBucket(bucket: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(bucket)) return bucket
  throw new MayflyError('E_STORAGE_BUCKET', `'${bucket}' is not a bucket name`, {
    hint: 'Use up to 63 letters, digits, dots, hyphens and underscores; start with a letter or a digit.',
  })
}

/** Throws `E_STORAGE_KEY` for a key that is empty, too long, or would leave its bucket's folder. */
export function checkKey(key: string): string {
  const bad =
    key.length === 0 ||
    Buffer.byteLength(key) > 1024 ||
    key.includes('\0') ||
    key.includes('\\') ||
    key.split('/').some((part) => part === '' || part === '.' || part === '..' || part.startsWith('.tmp-'))
  if (!bad) return key
  throw new MayflyError('E_STORAGE_KEY', `'${key}' is not a key`, {
    hint: "Use 1 to 1024 bytes without '\\', empty parts, '.' or '..' parts; separate parts with '/'.",
  })
}
