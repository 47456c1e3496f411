/** Ion images as PNG files. */
export { grey, viridis } from './color-maps.js'
export { type ColorOptions, type IonImage, imagePercentile, toColorPng, toGreyPng } from './ion-image.js'
