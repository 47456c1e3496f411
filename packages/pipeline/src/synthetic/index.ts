export { generateDataset, type SyntheticDataset, type SyntheticOptions, type TruthRow } from './generate.js'
export { optionsForSize } from './size.js'
export { drawTissue, PATTERNS, type Pattern, type Tissue } from './tissue.js'
export { type SyntheticProgress, truthCsv, type WriteOptions, type WrittenDataset, writeDataset } from './write.js'
