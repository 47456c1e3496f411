/** Formula arithmetic: parsing, modifiers and adducts, orders of writing. Nothing from Node. */
export { parseComplex } from './complex.js'
export { type ElementCounts, formatChnops, formatHill } from './counts.js'
export {
  compileModifiers,
  generateIonFormula,
  type IonFormulaOptions,
  ionFormula,
  ionWriter,
  parseFormula,
} from './ion.js'
export { IonLookup } from './lookup.js'
