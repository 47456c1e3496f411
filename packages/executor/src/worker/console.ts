/** Takes over what the function prints, in order, before it reaches the process's own pipes. */
type Write = typeof process.stdout.write

/** Calls `sink` with the text of every write to stdout and stderr of this thread. */
export function captureOutput(sink: (stream: 'stdout' | 'stderr', text: string) => void): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const decoder = new TextDecoder()
    const write = (chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
      sink(name, typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))
      const done = typeof encoding === 'function' ? encoding : callback
      if (typeof done === 'function') process.nextTick(done as () => void)
      return true
    }
    process[name].write = write as Write
  }
}
