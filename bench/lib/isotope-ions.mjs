/** Ions to measure isotope patterns with, and how: what the benches of the numerics and of the pipeline share. */
import { DECOY_ADDUCTS } from '@mayfly/pipeline/fdr'
import { generateIonFormula } from '@mayfly/pipeline/formula'
import { isotopePatterns } from '@mayfly/pipeline/isotopes'

/** Best of several rounds, in milliseconds: what else the machine does only ever adds. */
export function fastest(rounds, work) {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < rounds; i++) {
    const since = performance.now()
    work()
    best = Math.min(best, performance.now() - since)
  }
  return best
}

const targets = ['', '+H', '+Na', '+K']
const lipids = []
for (let carbon = 28; carbon <= 44; carbon += 2) {
  for (let bonds = 0; bonds <= 6; bonds++) lipids.push(`C${carbon + 8}H${2 * carbon + 16 - 2 * bonds}NO8P`)
}
const metabolites = ['C6H12O6', 'C5H9NO4', 'C10H16N5O13P3', 'C10H17N3O6S', 'C9H8Cl2O3', 'C20H23N7O7', 'C3H7NO2Se']
const peptides = ['C50H71N13O12', 'C20H32N6O12S2', 'C63H98N18O13S', 'C78H122N20O20', 'C55H79N15O14S2']
const metals = ['C34H32FeN4O4', 'C17H16CuN2', 'C16H36Sn', 'C8H20Pb', 'C4H10Hg', 'C12H28Ge', 'C18H36MoO2']

const ions = (molecules, adducts) =>
  molecules.flatMap((molecule) => adducts.map((adduct) => generateIonFormula(molecule, adduct)))
/** Ions by kind of molecule. */
export const groups = {
  'lipids and their adducts': ions(lipids, targets),
  'metabolites with 80 decoy adducts': ions(metabolites, DECOY_ADDUCTS),
  peptides: ions(peptides, targets),
  metals: ions(metals, targets),
}
/** All of them. */
export const mixed = Object.values(groups).flat()

/** Microseconds per ion, caches and compiler warm. */
export function perIon(formulas, settings) {
  const times = Math.ceil(3000 / formulas.length)
  const ms = fastest(20, () => {
    for (let i = 0; i < times; i++) isotopePatterns(formulas, settings)
  })
  return (ms * 1000) / times / formulas.length
}

/** Prints the goals of isotope patterns; the peers are the C++ codes that the two modes reproduce. */
export function isotopeGoals(row) {
  const sigma = 0.001238
  row('isotope pattern, mode lithops, mixed', perIon(mixed, { sigma }), 'µs/ion', 50, { peer: 480 })
  const late = { sigma, mode: 'metaspace-v3', instrument: 'Orbitrap' }
  row('isotope pattern, mode metaspace-v3, mixed', perIon(mixed, late), 'µs/ion', 54, { peer: 158 })
}
