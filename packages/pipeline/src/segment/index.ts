export { cutGrid, GRID_SIZE, gridBucket, gridStarts } from './grid.js'
export { sortedOrder } from './order.js'
export { collectPeaks, type Dropped, mergePeaks, type Peaks, type PixelSpectrum, sortPeaks } from './peaks.js'
