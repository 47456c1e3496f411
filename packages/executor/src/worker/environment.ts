/** Sets environment variables for the time of a call; the function returned puts back what was there. */
export function withEnvironment(extra: Record<string, string>): () => void {
  const before: [string, string | undefined][] = []
  for (const [name, value] of Object.entries(extra)) {
    before.push([name, process.env[name]])
    process.env[name] = value
  }
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
