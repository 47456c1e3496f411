/**
 * Cuts a stream of bytes into its complete lines, one array for each chunk that completed any. Empty lines and a torn
 * last line are left out: the writer may be in the middle of it.
 */
export async function* lines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    const complete = parts.filter((line) => line.trim() !== '')
    if (complete.length > 0) yield complete
  }
}
