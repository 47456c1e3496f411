export { coreCsv, coreFormulas } from './compile.js'
export { LIPID_CLASSES, type LipidClass, lipidFormula, lipids } from './lipids.js'
export { dipeptides, metabolites } from './metabolites.js'
export { type MolecularDatabase, readMolecularDatabase } from './read.js'
