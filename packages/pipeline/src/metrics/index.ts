/** Image metrics of the annotation: chaos, spatial and spectral correlation, MSM. Nothing from Node. */
export { chaosScore, DEFAULT_LEVELS, measureOfChaos, measureOfChaosSparse } from './chaos.js'
export { type DenseImage, spatialCorrelation, spectralCorrelation } from './correlation.js'
export { IonImages, ISOTOPES_PER_ION } from './ion-images.js'
export { type IsotopeHits, type MassErrors, massErrors } from './mass-error.js'
export { type ImageFrame, type IonMetrics, type IonScores, measureIon, scoreImages, scoreIon } from './score.js'
