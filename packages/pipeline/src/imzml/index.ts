export { IbdError, ImzMLError } from './errors.js'
export {
  arrayBytes,
  checkIbd,
  decodeArray,
  type IbdCheckOptions,
  planRanges,
  type RangeReader,
  readSpectra,
  type Spectrum,
} from './ibd.js'
export {
  ARRAY_BYTES,
  type ArrayColumns,
  type ArrayType,
  type Geometry,
  geometryOf,
  type ImzML,
  type ImzMLWarning,
} from './model.js'
export { ImzMLParser, parseImzML, parseImzMLStream } from './parse.js'
export {
  encodeImzML,
  ImzMLFiles,
  ImzMLWriter,
  type SpectrumData,
  type WriterOddities,
  type WriterOptions,
  type WriterSinks,
  type WrittenCounts,
  writeImzML,
} from './writer.js'
