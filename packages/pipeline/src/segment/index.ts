export { cutGrid, GRID_SIZE, gridBucket, gridStarts, peakObjects } from './grid.js'
export { sortedOrder } from './order.js'
export { collectPeaks, type Dropped, mergePeaks, type Peaks, type PixelSpectrum, sortPeaks } from './peaks.js'
