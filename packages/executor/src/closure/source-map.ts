/** Reads just enough of a source map to carry positions of the emitted text through the bundler. */
import type { SourceSpan } from './types.js'

const DIGITS = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((c, i) => [c, i]))

/** One mapping: generated position → position in a source; all from 0. */
interface Mapping {
  line: number
  column: number
  source: number
  originalLine: number
  originalColumn: number
}

/** Decodes the `mappings` field of a source map, version 3 (ECMA-426): fields are differences in base-64 VLQ. */
export function decodeMappings(mappings: string): Mapping[] {
  const result: Mapping[] = []
  let [source, originalLine, originalColumn] = [0, 0, 0]
  for (const [line, row] of mappings.split(';').entries()) {
    let column = 0
    if (row === '') continue
    for (const segment of row.split(',')) {
      const fields = decodeFields(segment)
      column += fields[0] ?? 0
      if (fields.length < 4) continue
      source += fields[1]!
      originalLine += fields[2]!
      originalColumn += fields[3]!
      result.push({ line, column, source, originalLine, originalColumn })
    }
  }
  return result
}

function decodeFields(segment: string): number[] {
  const fields: number[] = []
  let value = 0
  let shift = 0
  for (const char of segment) {
    const digit = DIGITS.get(char) ?? 0
    value += (digit & 31) << shift
    if (digit & 32) {
      shift += 5
      continue
    }
    fields.push(value & 1 ? -(value >>> 1) : value >>> 1)
    value = 0
    shift = 0
  }
  return fields
}

/**
 * Spans of the bundled code: one for each line that came from a function in the emitted text.
 * @param spans spans of the emitted text
 * @param map the bundler's source map, as JSON
 * @param entry name of the emitted text among the map's sources
 */
export function composeSpans(spans: readonly SourceSpan[], map: string, entry: string): SourceSpan[] {
  const { mappings, sources } = JSON.parse(map) as { mappings: string; sources: string[] }
  const source = sources.findIndex((name) => name.endsWith(entry))
  const result: SourceSpan[] = []
  for (const at of decodeMappings(mappings)) {
    if (at.source !== source) continue
    const line = at.originalLine + 1
    const span = spans.findLast((each) => each.line <= line && line < each.line + each.lines)
    if (!span) continue
    const down = line - span.line
    const column = down === 0 ? span.originalColumn + at.originalColumn + 1 - span.column : at.originalColumn + 1
    if (column < 1) continue
    result.push({
      line: at.line + 1,
      column: at.column + 1,
      lines: 1,
      url: span.url,
      originalLine: span.originalLine + down,
      originalColumn: column,
    })
  }
  return result
}
