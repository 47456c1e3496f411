/** Positions: from generated code back to the user's lines. */
import type { Emission } from './emit.js'
import type { FunctionNode } from './graph.js'
import { scriptUrl } from './inspect.js'
import type { SourceSpan } from './types.js'

/** One span for each function that travels by its text. Looks script names up, which may take milliseconds. */
export function spansOf({ text, places }: Emission): SourceSpan[] {
  const spans: SourceSpan[] = []
  let at = 0
  let line = 1
  let lineStart = 0
  for (const { node, offset } of [...places].sort((a, b) => a.offset - b.offset)) {
    for (let next = text.indexOf('\n', at); next >= 0 && next < offset; next = text.indexOf('\n', next + 1)) {
      line++
      lineStart = next + 1
    }
    at = offset
    const origin = originOf(node)
    if (origin)
      spans.push({ line, column: offset - lineStart + 1, lines: lineBreaks(node.analysis.text) + 1, ...origin })
  }
  return spans
}

function originOf(node: FunctionNode): Pick<SourceSpan, 'url' | 'originalLine' | 'originalColumn'> | undefined {
  const view = node.view()
  const url = scriptUrl(view.scriptId)
  if (url === undefined) return undefined
  // The debugger points at the parameters (of a class: its constructor's), the text begins earlier.
  const before = node.analysis.text.slice(0, node.analysis.origin)
  const breaks = lineBreaks(before)
  const column = breaks === 0 ? view.column - before.length : 0
  return { url, originalLine: view.line - breaks + 1, originalColumn: Math.max(0, column) + 1 }
}

function lineBreaks(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

/** The place in the user's source that a position in generated code (both from 1) came from. */
export function originalPosition(
  sources: readonly SourceSpan[],
  line: number,
  column: number,
): { url: string; line: number; column: number } | undefined {
  let best: SourceSpan | undefined
  for (const span of sources) {
    if (span.line > line || (span.line === line && span.column > column)) break
    best = span
  }
  if (!best || line >= best.line + best.lines) return undefined
  const down = line - best.line
  return {
    url: best.url,
    line: best.originalLine + down,
    column: down === 0 ? best.originalColumn + column - best.column : column,
  }
}

/**
 * Rewrites the positions of a worker's stack that lie in a shipped function's file to the user's own lines.
 * @param stack `error.stack` as the worker saw it
 * @param codeFile path, URL or key of the file the code was loaded from; its last part tells it, in whatever folder the worker has it
 */
export function remapStack(stack: string, codeFile: string, sources: readonly SourceSpan[]): string {
  const file = codeFile.slice(codeFile.lastIndexOf('/') + 1)
  const pattern = new RegExp(`(?:file://)?[^\\s()]*/${file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}:(\\d+):(\\d+)`, 'g')
  return stack.replace(pattern, (whole, line: string, column: string) => {
    const found = originalPosition(sources, Number(line), Number(column))
    return found ? `${found.url}:${found.line}:${found.column}` : whole
  })
}
