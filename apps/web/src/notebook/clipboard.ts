/** Cells on their way between notebooks and tabs: kept in the browser's storage, and as text for other programs. */
import { z } from 'zod'
import type { Cell } from './cells'

const KEY = 'mayfly-cells'
const Copies = z.array(
  z.object({
    kind: z.enum(['code', 'markdown', 'raw']),
    source: z.string(),
    metadata: z.record(z.string(), z.unknown()),
  }),
)

/** Copies cells without their outputs. */
export function copyCells(cells: readonly Cell[]): void {
  const copies = cells.map(({ kind, source, metadata }) => ({ kind, source, metadata }))
  try {
    localStorage.setItem(KEY, JSON.stringify(copies))
  } catch {
    // Without storage only the text is copied.
  }
  navigator.clipboard?.writeText(copies.map(({ source }) => source).join('\n\n')).catch(() => {})
}

/** The cells copied last, in this or another tab. */
export function copiedCells(): z.infer<typeof Copies> {
  try {
    return Copies.safeParse(JSON.parse(localStorage.getItem(KEY) ?? '[]')).data ?? []
  } catch {
    return []
  }
}
