/** Positions from evaluated code back to the cell. Used by the runner for syntax errors and by the kernel for stacks. */
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'

/** The part of a version 3 source map that says something here: one source, no names. */
export interface SourceMap {
  mappings: string
}

const traced = new WeakMap<SourceMap, TraceMap>()

/**
 * Follows `maps` in order. Lines and columns count from 1. Returns undefined for positions in code that no line of the
 * cell stands for (helpers of the compiler).
 */
export function mapPosition(
  maps: readonly SourceMap[],
  line: number,
  column: number,
): { line: number; column: number } | undefined {
  let place = { line, column }
  for (const map of maps) {
    let trace = traced.get(map)
    if (!trace) {
      trace = new TraceMap({ version: 3, sources: ['cell'], names: [], mappings: map.mappings })
      traced.set(map, trace)
    }
    const found = originalPositionFor(trace, { line: place.line, column: place.column - 1 })
    if (found.line === null) return undefined
    place = { line: found.line, column: found.column + 1 }
  }
  return place
}
