/** The inputs of a notebook over the lives of its kernel, and Jupyter's three ways to ask for them. Pure. */

export interface HistoryEntry {
  /** Lives of the kernel, from 1. */
  session: number
  line: number
  source: string
  /** Text of the result, once there is one. */
  output?: string
}

export interface HistoryRequest {
  hist_access_type?: string
  output?: boolean
  /** For `range`: 0 is the present life, -1 the one before. */
  session?: number
  start?: number
  stop?: number
  n?: number
  pattern?: string
  unique?: boolean
}

/** Entries kept at most, and characters of an output. */
const KEPT = 5000
const MAX_OUTPUT = 1000

export class History {
  readonly #entries: HistoryEntry[] = []
  #session = 1

  /** A new life begins; one without any input does not count. */
  restart(): void {
    if (this.#entries.at(-1)?.session === this.#session) this.#session++
  }

  add(line: number, source: string): void {
    this.#entries.push({ session: this.#session, line, source })
    if (this.#entries.length > KEPT) this.#entries.shift()
  }

  /** The result of the input at `line` of this life. */
  setOutput(line: number, output: unknown): void {
    const entry = this.#entries.findLast((entry) => entry.line === line && entry.session === this.#session)
    if (entry && typeof output === 'string') entry.output = output.slice(0, MAX_OUTPUT)
  }

  select(request: HistoryRequest): unknown[] {
    return selectHistory(this.#entries, request, this.#session)
  }
}

/** `[session, line, input]`, or `[session, line, [input, output]]` when outputs are asked for; oldest first. */
export function selectHistory(entries: readonly HistoryEntry[], request: HistoryRequest, present: number): unknown[] {
  const chosen = choose(entries, request, present)
  return chosen.map(({ session, line, source, output }) => [
    session,
    line,
    request.output ? [source, output ?? null] : source,
  ])
}

function choose(entries: readonly HistoryEntry[], request: HistoryRequest, present: number): readonly HistoryEntry[] {
  const last = (list: readonly HistoryEntry[]) => (request.n ? list.slice(-request.n) : list)
  switch (request.hist_access_type) {
    case 'range': {
      const { session = 0, start = 0, stop = Number.POSITIVE_INFINITY } = request
      const wanted = session > 0 ? session : present + session
      return entries.filter(({ session, line }) => session === wanted && line >= start && line < stop)
    }
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
