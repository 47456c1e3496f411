import { fileURLToPath } from 'node:url'

/** Path of the molecular database that ships with Mayfly: 2,572 formulas of lipids, common metabolites and dipeptides. */
export const coreDatabase: string = fileURLToPath(new URL('../data/mayfly_core.csv', import.meta.url))
