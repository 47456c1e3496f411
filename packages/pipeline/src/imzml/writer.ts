/** Writes imzML + ibd, one spectrum at a time; the binary part streams out, the index stays in memory. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { basename } from 'node:path'
import { deflateSync } from 'node:zlib'
import { ARRAY_BYTES, type ArrayType } from './model.js'

export interface WriterOptions {
  mode: 'processed' | 'continuous'
  /** Default f64. */
  mzType?: ArrayType
  /** Default f32. */
  intensityType?: ArrayType
  /** Compress arrays with zlib. Default false. */
  zlib?: boolean
  /** 32 hex digits; they become the first 16 bytes of the ibd. */
  uuid: string
  /** Default '+'. */
  polarity?: '+' | '-'
  /** Edge of a pixel in µm. Default 50. */
  pixelSize?: number
  /** Free text for the software entry. */
  software?: string
}

export interface SpectrumData {
  /** Coordinates, from 1 by custom. */
  x: number
  y: number
  mz: ArrayLike<number>
  intensity: ArrayLike<number>
}

const TYPE_PARAM: Record<ArrayType, string> = {
  f32: param('MS:1000521', '32-bit float'),
  f64: param('MS:1000523', '64-bit float'),
  i32: param('MS:1000519', '32-bit integer'),
  i64: param('MS:1000522', '64-bit integer'),
}

function param(accession: string, name: string, value: string | number = ''): string {
  return `<cvParam cvRef="${accession.split(':')[0]}" accession="${accession}" name="${name}" value="${value}"/>`
}

function encodeArray(values: ArrayLike<number>, type: ArrayType): Uint8Array {
  if (type === 'i64') {
    const out = new BigInt64Array(values.length)
    for (let i = 0; i < values.length; i++) out[i] = BigInt(Math.round(values[i] as number))
    return new Uint8Array(out.buffer)
  }
  if (type === 'i32') return bytesOf(Int32Array.from(values, Math.round))
  const wanted = type === 'f32' ? Float32Array : Float64Array
  return bytesOf(values instanceof wanted ? values : new wanted(values))
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** Incremental writer: `emit` receives the bytes of the ibd in order, `finish` returns the text of the imzML. */
export class ImzMLWriter {
  private readonly hash = createHash('sha1')
  private readonly spectra: string[] = []
  private position = 0
  private maxX = 0
  private maxY = 0
  private axis: { length: number; encoded: number; offset: number } | undefined

  constructor(
    private readonly emit: (bytes: Uint8Array) => void,
    private readonly options: WriterOptions,
  ) {
    this.write(Uint8Array.from(options.uuid.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))
  }

  private write(bytes: Uint8Array): number {
    const at = this.position
    this.hash.update(bytes)
    this.emit(bytes)
    this.position += bytes.length
    return at
  }

  private put(values: ArrayLike<number>, type: ArrayType) {
    const raw = encodeArray(values, type)
    const bytes = this.options.zlib ? deflateSync(raw) : raw
    return { length: values.length, encoded: bytes.length, offset: this.write(bytes) }
  }

  /** In continuous mode the m/z array of the first spectrum is written once, for all. */
  add(spectrum: SpectrumData): void {
    const { mode, mzType = 'f64', intensityType = 'f32' } = this.options
    const mz = mode === 'continuous' ? (this.axis ??= this.put(spectrum.mz, mzType)) : this.put(spectrum.mz, mzType)
    const intensity = this.put(spectrum.intensity, intensityType)
    this.maxX = Math.max(this.maxX, spectrum.x)
    this.maxY = Math.max(this.maxY, spectrum.y)
    let tic = 0
    for (let i = 0; i < spectrum.intensity.length; i++) tic += spectrum.intensity[i] as number
    const index = this.spectra.length
    const array = (ref: string, a: { length: number; encoded: number; offset: number }) =>
      `<binaryDataArray encodedLength="0"><referenceableParamGroupRef ref="${ref}"/>${param('IMS:1000103', 'external array length', a.length)}${param('IMS:1000104', 'external encoded length', a.encoded)}${param('IMS:1000102', 'external offset', a.offset)}<binary/></binaryDataArray>`
    this.spectra.push(
      `<spectrum id="Scan=${index + 1}" defaultArrayLength="0" index="${index}"><referenceableParamGroupRef ref="spectrum"/>${param('MS:1000285', 'total ion current', tic.toPrecision(9))}<scanList count="1">${param('MS:1000795', 'no combination')}<scan>${param('IMS:1000050', 'position x', spectrum.x)}${param('IMS:1000051', 'position y', spectrum.y)}</scan></scanList><binaryDataArrayList count="2">${array('mzArray', mz)}${array('intensityArray', intensity)}</binaryDataArrayList></spectrum>\n`,
    )
  }

  finish(): string {
    const {
      mode,
      mzType = 'f64',
      intensityType = 'f32',
      uuid,
      polarity = '+',
      pixelSize = 50,
      software = 'Mayfly',
    } = this.options
    const compression = this.options.zlib
      ? param('MS:1000574', 'zlib compression')
      : param('MS:1000576', 'no compression')
    const external = param('IMS:1000101', 'external data', 'true')
    const dashed = uuid.toUpperCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    const head = `<?xml version="1.0" encoding="UTF-8"?>
<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1">
<cvList count="2"><cv id="MS" fullName="Proteomics Standards Initiative Mass Spectrometry Ontology" version="4.1" URI=""/><cv id="IMS" fullName="Imaging MS Ontology" version="1.1.0" URI=""/></cvList>
<fileDescription><fileContent>${param('MS:1000579', 'MS1 spectrum')}${param('MS:1000127', 'centroid spectrum')}${mode === 'continuous' ? param('IMS:1000030', 'continuous') : param('IMS:1000031', 'processed')}${param('IMS:1000080', 'universally unique identifier', `{${dashed}}`)}${param('IMS:1000091', 'ibd SHA-1', this.hash.digest('hex').toUpperCase())}</fileContent></fileDescription>
<referenceableParamGroupList count="3">
<referenceableParamGroup id="mzArray">${param('MS:1000514', 'm/z array')}${TYPE_PARAM[mzType]}${compression}${external}</referenceableParamGroup>
<referenceableParamGroup id="intensityArray">${param('MS:1000515', 'intensity array')}${TYPE_PARAM[intensityType]}${compression}${external}</referenceableParamGroup>
<referenceableParamGroup id="spectrum">${param('MS:1000579', 'MS1 spectrum')}${param('MS:1000511', 'ms level', 1)}${polarity === '+' ? param('MS:1000130', 'positive scan') : param('MS:1000129', 'negative scan')}${param('MS:1000127', 'centroid spectrum')}</referenceableParamGroup>
</referenceableParamGroupList>
<softwareList count="1"><software id="mayfly" version="1">${param('MS:1000799', 'custom unreleased software tool', software)}</software></softwareList>
<scanSettingsList count="1"><scanSettings id="scan">${param('IMS:1000042', 'max count of pixels x', this.maxX)}${param('IMS:1000043', 'max count of pixels y', this.maxY)}${param('IMS:1000046', 'pixel size (x)', pixelSize)}${param('IMS:1000047', 'pixel size y', pixelSize)}</scanSettings></scanSettingsList>
<instrumentConfigurationList count="1"><instrumentConfiguration id="IC1"/></instrumentConfigurationList>
<dataProcessingList count="1"><dataProcessing id="dp"><processingMethod order="1" softwareRef="mayfly">${param('MS:1000035', 'peak picking')}</processingMethod></dataProcessing></dataProcessingList>
<run id="run" defaultInstrumentConfigurationRef="IC1"><spectrumList count="${this.spectra.length}" defaultDataProcessingRef="dp">
`
    return `${head}${this.spectra.join('')}</spectrumList></run>\n</mzML>\n`
  }
}

/** Both files in memory; for tests and small data. */
export function encodeImzML(
  spectra: Iterable<SpectrumData>,
  options: WriterOptions,
): { imzml: Uint8Array; ibd: Uint8Array } {
  const parts: Uint8Array[] = []
  const writer = new ImzMLWriter((bytes) => parts.push(bytes), options)
  for (const spectrum of spectra) writer.add(spectrum)
  return { imzml: Buffer.from(writer.finish()), ibd: Buffer.concat(parts) }
}

/** Streams spectra to disk; memory holds the index and one write buffer of a mebibyte. */
export function writeImzML(
  imzmlPath: string,
  ibdPath: string,
  spectra: Iterable<SpectrumData>,
  options: WriterOptions,
): { spectra: number; peaks: number; bytes: number } {
  const file = openSync(ibdPath, 'w')
  const buffer = Buffer.allocUnsafe(1 << 20)
  let used = 0
  const counts = { spectra: 0, peaks: 0, bytes: 0 }
  const flush = () => {
    for (let at = 0; at < used; ) at += writeSync(file, buffer, at, used - at)
    used = 0
  }
  try {
    const writer = new ImzMLWriter(
      (bytes) => {
        counts.bytes += bytes.length
        for (let at = 0; at < bytes.length; ) {
          const n = Math.min(bytes.length - at, buffer.length - used)
          buffer.set(bytes.subarray(at, at + n), used)
          used += n
          at += n
          if (used === buffer.length) flush()
        }
      },
      { software: basename(imzmlPath), ...options },
    )
    for (const spectrum of spectra) {
      writer.add(spectrum)
      counts.spectra++
      counts.peaks += spectrum.mz.length
    }
    flush()
    writeFileSync(imzmlPath, writer.finish())
  } finally {
    closeSync(file)
  }
  return counts
}

/** Bytes a spectrum of `peaks` points takes in processed mode without compression. */
export function spectrumBytes(peaks: number, mzType: ArrayType = 'f64', intensityType: ArrayType = 'f32'): number {
  return peaks * (ARRAY_BYTES[mzType] + ARRAY_BYTES[intensityType])
}
