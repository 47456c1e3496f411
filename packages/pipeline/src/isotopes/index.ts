/** Isotope patterns: fine structure, centroids as cpyMSpec 0.3.5 and 0.4.2 compute them. Nothing from Node. */
export { acquisitionSettings, instrumentOf } from './acquisition.js'
export { ELECTRON_MASS, ISOTOPES, type Isotope } from './element-data.js'
export { LABEL_MASSES, splitLabels } from './labels.js'
export {
  computeIsotopePattern,
  type FinePeaks,
  fineStructure,
  type IsotopePattern,
  type IsotopePatternTable,
  isotopePattern,
  isotopePatterns,
} from './pattern.js'
export { checkSettings, type Instrument, type IsotopeMode, type IsotopeSettings } from './resolution.js'
