/** Finding and replacing in the sources of a whole notebook. Pure. */
import type { Cell } from './cells'

export interface FindOptions {
  text: string
  matchCase: boolean
  wholeWord: boolean
  regex: boolean
}

export interface Match {
  cellId: string
  /** Offsets in the cell's source. */
  from: number
  to: number
}

/** Matches that are counted; more of them help nobody. */
const MOST = 10_000

/** The pattern that is looked for; undefined for none, a text that says what is wrong with a regular expression. */
export function patternOf({ text, matchCase, wholeWord, regex }: FindOptions): RegExp | string | undefined {
  if (text === '') return undefined
  const source = regex ? text : text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  try {
    return new RegExp(wholeWord ? `\\b(?:${source})\\b` : source, `gm${matchCase ? '' : 'i'}`)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** All matches in order. Empty matches of a regular expression are none. */
export function findAll(order: readonly string[], cells: Readonly<Record<string, Cell>>, pattern: RegExp): Match[] {
  const found: Match[] = []
  for (const cellId of order) {
    for (const match of cells[cellId]!.source.matchAll(pattern)) {
      if (match[0] === '') continue
      found.push({ cellId, from: match.index, to: match.index + match[0].length })
      if (found.length === MOST) return found
    }
  }
  return found
}

/** The source with the given matches replaced; in a regular expression's replacement `$1` and the like stand for its groups. */
export function replaceIn(
  source: string,
  matches: readonly Match[],
  pattern: RegExp,
  replacement: string,
  regex: boolean,
): string {
  const wanted = new Set(matches.map(({ from }) => from))
  const fill = (match: string) =>
    regex ? match.replace(new RegExp(pattern.source, pattern.flags.replace('g', '')), replacement) : replacement
  return source.replace(pattern, (match: string, ...rest: unknown[]) => {
    const at = rest.find((part): part is number => typeof part === 'number')!
    return match !== '' && wanted.has(at) ? fill(match) : match
  })
}
