/** What differs between two states of a notebook: cells by their id, lines within them. Pure. */
export interface DiffCell {
  id: string
  kind: string
  source: string
}

export interface DiffLine {
  mark: ' ' | '+' | '-'
  text: string
}

export interface CellDiff {
  id: string
  kind: string
  change: 'same' | 'added' | 'removed' | 'changed' | 'moved'
  /** All lines of the cell in both states. */
  lines: DiffLine[]
}

/** Lines times lines that are compared one by one; larger cells are shown as replaced as a whole. */
const MOST = 4_000_000

/** The way from the lines of one text to those of another, by their longest common subsequence. */
export function diffLines(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')]
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  const same = (lines: string[]) => lines.map((text): DiffLine => ({ mark: ' ', text }))
  const middle = common(a.slice(start, a.length - end), b.slice(start, b.length - end))
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))]
}

function common(a: string[], b: string[]): DiffLine[] {
  const removed = a.map((text): DiffLine => ({ mark: '-', text }))
  const added = b.map((text): DiffLine => ({ mark: '+', text }))
  if (a.length * b.length > MOST) return [...removed, ...added]
  // longest[i][j]: length of the longest common subsequence of a[i…] and b[j…].
  const width = b.length + 1
  const longest = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        a[i] === b[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!)
    }
  }
  const lines: DiffLine[] = []
  let [i, j] = [0, 0]
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      lines.push({ mark: ' ', text: a[i]! })
      i += 1
      j += 1
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) lines.push(removed[i++]!)
    else lines.push(added[j++]!)
  }
  return [...lines, ...removed.slice(i), ...added.slice(j)]
}

/** The cells of both states in the order of the second; removed ones stand where they were. */
export function diffCells(before: readonly DiffCell[], after: readonly DiffCell[]): CellDiff[] {
  const old = new Map(before.map((cell) => [cell.id, cell]))
  const kept = new Set(after.map((cell) => cell.id))
  const staying = before.filter(({ id }) => kept.has(id)).map(({ id }) => id)
  const coming = after.filter(({ id }) => old.has(id)).map(({ id }) => id)
  const inPlace = new Set(
    common(staying, coming)
      .filter(({ mark }) => mark === ' ')
      .map(({ text }) => text),
  )
  const diffs = after.map((cell): CellDiff => {
    const was = old.get(cell.id)
    const lines = diffLines(was?.source ?? '', cell.source)
    if (!was) return { id: cell.id, kind: cell.kind, change: 'added', lines: marked(cell.source, '+') }
    const same = was.source === cell.source && was.kind === cell.kind
    const change = !same ? 'changed' : inPlace.has(cell.id) ? 'same' : 'moved'
    return { id: cell.id, kind: cell.kind, change, lines }
  })
  let anchor: string | undefined
  for (const cell of before) {
    if (!kept.has(cell.id)) {
      const at = anchor === undefined ? 0 : diffs.findIndex(({ id }) => id === anchor) + 1
      diffs.splice(at, 0, { id: cell.id, kind: cell.kind, change: 'removed', lines: marked(cell.source, '-') })
    }
    anchor = cell.id
  }
  return diffs
}

function marked(source: string, mark: '+' | '-'): DiffLine[] {
  return source.split('\n').map((text) => ({ mark, text }))
}
