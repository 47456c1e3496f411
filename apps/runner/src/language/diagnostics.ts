/** What the compiler says of a module, as it is said of the cell. Pure. */
import type * as lsp from 'vscode-languageserver-protocol'
import type { LanguageCell, LanguageCells } from './cells.js'
import type { Diagnostic } from './messages.js'
import { spanToCell } from './projection.js'
import { clean } from './words.js'

const SEVERITIES = { 1: 'error', 2: 'warning', 3: 'info', 4: 'hint' } as const

/**
 * Not said of cells: unused names (a later cell may use them), names that modules reserve and scripts do not, and variables whose type
 * is open until later.
 */
const IGNORED = new Set([
  6133, 6138, 6192, 6196, 6198, 6199, 6205, 80001, 80005, 80006, 80007, 2441, 2529, 7034, 7043, 7044, 7045,
])
const CANNOT_FIND_NAME = new Set([2304, 2552, 2503, 18004])
const ASSIGNED_IMPORT = 2632

export function diagnosticsOf(
  items: readonly lsp.Diagnostic[],
  cell: LanguageCell,
  cells: LanguageCells,
): Diagnostic[] {
  if (/^(\s|\/\/.*\n|\/\*[\s\S]*?\*\/)*?\/\/\s*@ts-nocheck\b/.test(cell.source)) return []
  return items.flatMap((item) => {
    const code = Number(item.code)
    const span = spanToCell(item.range)
    if (!span || IGNORED.has(code)) return []
    const name = cell.source.split('\n')[span.start.line]?.slice(span.start.character, span.end.character) ?? ''
    const severity = SEVERITIES[item.severity ?? 1] ?? 'error'
    const found: Diagnostic = { ...span, severity, message: clean(textOf(item)), code }
    if (item.tags?.includes(2)) found.deprecated = true
    if (code === ASSIGNED_IMPORT) {
      const form = cell.prelude.imports.get(name)?.form
      // Functions, classes and enums of other cells may be assigned; the kernel lets constants be, too, but that is hardly meant.
      if (form !== 'const' && form !== undefined && form !== 'import') return []
      if (form === 'const') found.message = `Cannot assign to '${name}' because it is a constant.`
    }
    if (CANNOT_FIND_NAME.has(code)) {
      const later = cells.laterDeclarer(cell, name)
      if (later) {
        found.severity = 'warning'
        found.message = `'${name}' is declared in a later cell (code cell ${cells.numberOf(later)}).`
      }
    }
    return [found]
  })
}

function textOf({ message, relatedInformation }: lsp.Diagnostic): string {
  const text = typeof message === 'string' ? message : String((message as { value?: string }).value ?? '')
  const related = (relatedInformation ?? []).map((each) => each.message).filter((each) => !text.includes(each))
  return [text, ...related.slice(0, 3)].join('\n')
}
