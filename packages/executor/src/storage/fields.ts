/**
 * Checks flat options by the kind of each field. By hand and not by zod: every worker opens a storage, and loading zod took it as
 * long as everything else together.
 */
import { MayflyError } from '../errors.js'
import { nearest } from '../nearest.js'

/** What a field may hold. A `text` is not empty. */
export type FieldKind = 'text' | 'string' | 'boolean' | 'http url'

const EXPECTED: Record<FieldKind, [(value: unknown) => boolean, string]> = {
  text: [(value) => typeof value === 'string' && value !== '', 'a text that is not empty'],
  string: [(value) => typeof value === 'string', 'a text'],
  boolean: [(value) => typeof value === 'boolean', 'true or false'],
  'http url': [
    (value) => typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'an http or https URL',
  ],
}

/** Throws `E_CONFIG_UNKNOWN_KEY` or `E_CONFIG_VALUE`; a field that is undefined counts as not given. */
export function checkFields(options: object, fields: Readonly<Record<string, FieldKind>>): void {
  for (const [key, value] of Object.entries(options)) {
    const kind = Object.hasOwn(fields, key) ? fields[key] : undefined
    if (!kind) {
      const known = Object.keys(fields)
      const near = nearest(key, known)
      throw new MayflyError('E_CONFIG_UNKNOWN_KEY', `Storage has no option '${key}'`, {
        hint: near ? `Did you mean '${near}'?` : `Options are ${known.join(', ')}.`,
        where: { key },
      })
    }
    const [fits, expected] = EXPECTED[kind]
    if (value === undefined || fits(value)) continue
    throw new MayflyError('E_CONFIG_VALUE', `Storage: option '${key}': expected ${expected}`, {
      hint: `Give '${key}' ${expected}, or leave it out.`,
      where: { key },
    })
  }
}
