/** Settings without what must never be printed or sent to a page. Pure. */

/** Names of options and of fields in them that hold secrets. */
const SECRET = /secret|passw|token|credential|api_?key|access_?key/i
/** Names the variable that holds the secret: not one itself. */
const REFERENCE = /^\{\{env\.\w+\}\}$/
/** The password in a URL. */
const IN_URL = /^([a-z][\w+.-]*:\/\/[^/@:]*:)(?!\{\{env\.\w+\}\}@)[^/@]+@/i
const HIDDEN = '(not shown)'

/** The same as plain data, with every secret replaced. Of environment variables only the names are kept. */
export function withoutSecrets(options: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(options, hide))
}

function hide(key: string, value: unknown): unknown {
  if ((key === 'extraEnv' || key === 'environment') && typeof value === 'object' && value) return Object.keys(value)
  if (typeof value !== 'string') return SECRET.test(key) && typeof value !== 'object' ? HIDDEN : value
  if (SECRET.test(key) && !REFERENCE.test(value)) return HIDDEN
  return value
    .replace(IN_URL, `$1${HIDDEN}@`)
    .replace(/([?&](?:secret|access|session)\w*=)(?!\{\{)[^&]+/gi, `$1${HIDDEN}`)
}
