/**
 * Sets environment variables for the time of a call. The function returned puts the environment back as it was, also what
 * the call itself has changed in it.
 */
export function withEnvironment(extra: Record<string, string>): () => void {
  const before = { ...process.env }
  Object.assign(process.env, extra)
  return () => {
    const { env } = process
    for (const name of Object.keys(env)) if (!(name in before)) delete env[name]
    for (const name in before) if (env[name] !== before[name]) env[name] = before[name]
  }
}
