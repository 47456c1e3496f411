/** The inputs of a session, and Jupyter's three ways to ask for them. Pure. */

export interface HistoryEntry {
  line: number
  source: string
}

export interface HistoryRequest {
  hist_access_type?: string
  output?: boolean
  start?: number
  stop?: number
  n?: number
  pattern?: string
  unique?: boolean
}

/** `[session, line, input]`, or `[session, line, [input, null]]` when outputs are asked for: those are the notebook's, not ours. */
export function selectHistory(entries: readonly HistoryEntry[], request: HistoryRequest): unknown[] {
  const chosen = choose(entries, request)
  return chosen.map(({ line, source }) => [0, line, request.output ? [source, null] : source])
}

function choose(entries: readonly HistoryEntry[], request: HistoryRequest): readonly HistoryEntry[] {
  const last = (list: readonly HistoryEntry[]) => (request.n ? list.slice(-request.n) : list)
  switch (request.hist_access_type) {
    case 'range':
      return entries.filter(
        ({ line }) => line >= (request.start ?? 0) && line < (request.stop ?? Number.POSITIVE_INFINITY),
      )
    case 'search': {
      const matches = globMatcher(request.pattern ?? '*')
      const found = entries.filter(({ source }) => matches(source))
      if (!request.unique) return last(found)
      const newest = new Map(found.map((entry) => [entry.source, entry]))
      return last(found.filter((entry) => newest.get(entry.source) === entry))
    }
    default:
      return last(entries)
  }
}

function globMatcher(pattern: string): (text: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[\\s\\S]*')
    .replace(/\?/g, '[\\s\\S]')
  const expression = new RegExp(`^${source}$`)
  return (text) => expression.test(text)
}
