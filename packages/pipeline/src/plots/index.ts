/** Plots of annotations as SVG. Nothing from Node. */
export { fdrCurveSvg } from './fdr-curve.js'
export { annotationTitle, type IonPicture, ionPicture, ionSpectrum } from './ion-picture.js'
export { type SpectrumPlot, type Stick, spectrumSvg } from './spectrum.js'
export { timelineLinks } from './timeline-links.js'
