/** Ion images as PNG files. */
export { type ColorOptions, type IonImage, imagePercentile, toColorPng, toGreyPng } from './ion-image.js'
export { viridis } from './viridis.js'
