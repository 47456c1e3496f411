/** Options from environment variables: `runtimeMemory` is `MAYFLY_RUNTIME_MEMORY`. Pure. */

/** The variable that sets the option `key`. */
export function variableOf(key: string): string {
  return `MAYFLY_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** What of `keys` the environment sets. Numbers, `true`, `false` and JSON objects or arrays become values, the rest stays text. */
export function fromEnvironment(env: NodeJS.ProcessEnv, keys: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const key of keys) {
    const text = env[variableOf(key)]
    if (text !== undefined && text !== '') found[key] = parsed(text)
  }
  return found
}

function parsed(text: string): unknown {
  if (!/^\s*([{["]|-?\d|true\s*$|false\s*$)/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
