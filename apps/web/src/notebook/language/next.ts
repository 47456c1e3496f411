/** Which problem comes next. Pure. */
import type { Diagnostic } from './protocol'

/** The first problem of the next cell that has one, after the selected cell; round the end. Errors and warnings count. */
export function nextProblem(
  order: readonly string[],
  problems: Readonly<Record<string, readonly Diagnostic[]>>,
  selected: string | undefined,
): { cellId: string; item: Diagnostic } | undefined {
  const from = selected === undefined ? 0 : order.indexOf(selected) + 1
  for (const cellId of [...order.slice(from), ...order.slice(0, from)]) {
    const item = problems[cellId]?.find(({ severity }) => severity === 'error' || severity === 'warning')
    if (item) return { cellId, item }
  }
  return undefined
}
