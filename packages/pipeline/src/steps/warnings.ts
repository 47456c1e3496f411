/** What may be wrong with the inputs, in words. */
import type { CheckedInputs } from '../inputs/check.js'
import type { MolecularDatabase } from '../moldb/read.js'
import { count } from './sizes.js'
import type { StepSettings } from './step.js'

/** Tells `W_…` lines: of the imzML, of polarities that differ, of formulas nothing is found for. */
export function warnOfInputs(inputs: CheckedInputs, settings: StepSettings, warn: (line: string) => void): void {
  const { imzml, databases } = inputs
  for (const { code, message, count: n } of imzml.warnings)
    warn(`${code}: ${imzml.file}: ${message}${n > 1 ? ` (${n} times)` : ''}`)
  for (const { written, content } of databases) warnOfFormulas(written, content, settings, warn)
  const { polarity: wanted } = settings.dataset
  const polarity = { '+': 'positive', '-': 'negative' }[wanted]
  if (imzml.polarity && imzml.polarity !== 'mixed' && imzml.polarity !== polarity) {
    warn(`W_POLARITY: ${imzml.file} says ${imzml.polarity}, the configuration "${wanted}"; the configuration decides`)
  }
}

/** Formulas without an isotope pattern are not searched for; the reference leaves them out silently. */
function warnOfFormulas(
  file: string,
  { impossible, labelled }: MolecularDatabase,
  { search }: StepSettings,
  warn: (line: string) => void,
): void {
  const lost = search.mode === 'lithops' ? [...impossible, ...labelled] : impossible
  if (lost.length === 0) return
  const some = `${lost.slice(0, 3).join(', ')}${lost.length > 3 ? ', …' : ''}`
  warn(
    `W_DB_FORMULA: ${file}: ${count(lost.length, 'formula')} of unknown elements or too many atoms left out (${some})`,
  )
}
