/**
 * Writes imzML + ibd, one spectrum at a time, both streaming: the head of the imzML needs what is known only at the end (checksum,
 * number of spectra), so its place is kept by blanks and filled in last. Oddities of real exporters can be asked for.
 */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { deflateSync } from 'node:zlib'
import type { ArrayType } from './model.js'
import { PartFile } from './part-file.js'

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
  /** Default `centroid`. */
  spectrumType?: 'centroid' | 'profile'
  /** What real exporters get wrong, for tests of readers. */
  oddities?: WriterOddities
}

export interface WriterOddities {
  /** Data types stand in every array instead of a group that the arrays refer to. */
  inlineTypes?: boolean
  /** The type of the intensities is called by the accession of the other float; only its name is right. */
  wrongTypeAccession?: boolean
  /** From this byte on offsets are 2³² too small, as a writer with signed 32-bit numbers makes them from 2³¹ on. */
  offsetsWrapAt?: number
  /** First 16 bytes of the ibd, when they are not the `uuid`. */
  ibdUuid?: string
}

export interface SpectrumData {
  /** Coordinates, from 1 by custom. */
  x: number
  y: number
  /** Written only when given. */
  z?: number
  mz: ArrayLike<number>
  intensity: ArrayLike<number>
}

/** What was written. */
export interface WrittenCounts {
  spectra: number
  peaks: number
  /** Bytes of the ibd. */
  bytes: number
}

const TYPE: Record<ArrayType, [accession: string, name: string]> = {
  f32: ['MS:1000521', '32-bit float'],
  f64: ['MS:1000523', '64-bit float'],
  i32: ['MS:1000519', '32-bit integer'],
  i64: ['MS:1000522', '64-bit integer'],
}
const TAIL = '</spectrumList></run>\n</mzML>\n'

function param(accession: string, name: string, value: string | number = ''): string {
  return `<cvParam cvRef="${accession.split(':')[0]}" accession="${accession}" name="${name}" value="${value}"/>`
}

function escaped(text: string): string {
  // Only ASCII, so that the head has as many bytes as characters.
  return text.replace(/[^ -~]|[&<>"]/gu, (c) => `&#${c.codePointAt(0)};`)
}

function encodeArray(values: ArrayLike<number>, type: ArrayType): Uint8Array {
  if (type === 'i64') {
    const out = new BigInt64Array(values.length)
    for (let i = 0; i < values.length; i++) out[i] = BigInt(Math.round(values[i]))
    return new Uint8Array(out.buffer)
  }
  if (type === 'i32') return bytesOf(Int32Array.from(values, Math.round))
  const wanted = type === 'f32' ? Float32Array : Float64Array
  return bytesOf(values instanceof wanted ? values : new wanted(values))
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array | Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

interface WrittenArray {
  length: number
  encoded: number
  offset: number
}

/** Receives both files in pieces, in order. */
export interface WriterSinks {
  ibd(bytes: Uint8Array): void
  xml(text: string): void
}

/** Incremental writer. The first piece of XML is blank: `finish` returns the text, as long, that must take its place. */
export class ImzMLWriter {
  private readonly hash = createHash('sha1')
  private readonly counts: WrittenCounts = { spectra: 0, peaks: 0, bytes: 0 }
  private readonly types: { mzArray: string; intensityArray: string }
  private readonly headSize: number
  private maxX = 0
  private maxY = 0
  private axis: WrittenArray | undefined

  constructor(
    private readonly sinks: WriterSinks,
    private readonly options: WriterOptions,
  ) {
    const { mzType = 'f64', intensityType = 'f32', zlib, oddities, uuid } = options
    const encoding =
      (zlib ? param('MS:1000574', 'zlib compression') : param('MS:1000576', 'no compression')) +
      param('IMS:1000101', 'external data', 'true')
    const [accession, name] = TYPE[intensityType]
    const odd = oddities?.wrongTypeAccession ? TYPE[intensityType === 'f32' ? 'f64' : 'f32'][0] : accession
    this.types = {
      mzArray: param('MS:1000514', 'm/z array') + param(...TYPE[mzType]) + encoding,
      intensityArray: param('MS:1000515', 'intensity array') + param(odd, name) + encoding,
    }
    const blank = this.head({ digest: '0'.repeat(40), count: 1e12, maxX: 1e9, maxY: 1e9 })
    this.headSize = blank.length
    this.sinks.xml(' '.repeat(this.headSize))
    this.write(fromHex(oddities?.ibdUuid ?? uuid))
  }

  private write(bytes: Uint8Array): number {
    const at = this.counts.bytes
    this.hash.update(bytes)
    this.sinks.ibd(bytes)
    this.counts.bytes += bytes.length
    return at
  }

  private put(values: ArrayLike<number>, type: ArrayType): WrittenArray {
    const raw = encodeArray(values, type)
    const bytes = this.options.zlib ? deflateSync(raw) : raw
    return { length: values.length, encoded: bytes.length, offset: this.write(bytes) }
  }

  /** In continuous mode the m/z array of the first spectrum is written once, for all. */
  add(spectrum: SpectrumData): void {
    const { mode, mzType = 'f64', intensityType = 'f32' } = this.options
    const mz = mode === 'continuous' ? (this.axis ??= this.put(spectrum.mz, mzType)) : this.put(spectrum.mz, mzType)
    const intensity = this.put(spectrum.intensity, intensityType)
    const { x, y, z } = spectrum
    this.maxX = Math.max(this.maxX, x)
    this.maxY = Math.max(this.maxY, y)
    let tic = 0
    for (let i = 0; i < spectrum.intensity.length; i++) tic += spectrum.intensity[i]
    const position =
      param('IMS:1000050', 'position x', x) +
      param('IMS:1000051', 'position y', y) +
      (z === undefined ? '' : param('IMS:1000052', 'position z', z))
    const index = this.counts.spectra++
    this.counts.peaks += spectrum.mz.length
    this.sinks.xml(
      `<spectrum id="Scan=${index + 1}" defaultArrayLength="0" index="${index}"><referenceableParamGroupRef ref="spectrum"/>${param('MS:1000285', 'total ion current', tic.toPrecision(9))}<scanList count="1">${param('MS:1000795', 'no combination')}<scan>${position}</scan></scanList><binaryDataArrayList count="2">${this.arrayElement('mzArray', mz)}${this.arrayElement('intensityArray', intensity)}</binaryDataArrayList></spectrum>\n`,
    )
  }

  private arrayElement(ref: 'mzArray' | 'intensityArray', { length, encoded, offset }: WrittenArray): string {
    const { inlineTypes, offsetsWrapAt = Number.POSITIVE_INFINITY } = this.options.oddities ?? {}
    const kind = inlineTypes ? this.types[ref] : `<referenceableParamGroupRef ref="${ref}"/>`
    const wraps = offset < offsetsWrapAt ? 0 : 1 + Math.floor((offset - offsetsWrapAt) / 2 ** 32)
    return `<binaryDataArray encodedLength="0">${kind}${param('IMS:1000103', 'external array length', length)}${param('IMS:1000104', 'external encoded length', encoded)}${param('IMS:1000102', 'external offset', offset - wraps * 2 ** 32)}<binary/></binaryDataArray>`
  }

  /** Ends the XML. `head` belongs at its very beginning. */
  finish(): WrittenCounts & { head: string } {
    this.sinks.xml(TAIL)
    const head = this.head({
      digest: this.hash.digest('hex').toUpperCase(),
      count: this.counts.spectra,
      maxX: this.maxX,
      maxY: this.maxY,
    })
    return { ...this.counts, head: `${head.trimEnd()}${' '.repeat(this.headSize - head.length)}\n` }
  }

  private head(known: { digest: string; count: number; maxX: number; maxY: number }): string {
    const { mode, uuid, polarity = '+', pixelSize = 50, software = 'Mayfly', spectrumType, oddities } = this.options
    const dashed = uuid.toUpperCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    const kind =
      spectrumType === 'profile' ? param('MS:1000128', 'profile spectrum') : param('MS:1000127', 'centroid spectrum')
    const group = (id: string, content: string) =>
      `<referenceableParamGroup id="${id}">${content}</referenceableParamGroup>\n`
    const arrays = oddities?.inlineTypes
      ? ''
      : group('mzArray', this.types.mzArray) + group('intensityArray', this.types.intensityArray)
    const scan = polarity === '+' ? param('MS:1000130', 'positive scan') : param('MS:1000129', 'negative scan')
    return `<?xml version="1.0" encoding="UTF-8"?>
<mzML xmlns="http://psi.hupo.org/ms/mzml" version="1.1">
<cvList count="2"><cv id="MS" fullName="Proteomics Standards Initiative Mass Spectrometry Ontology" version="4.1" URI=""/><cv id="IMS" fullName="Imaging MS Ontology" version="1.1.0" URI=""/></cvList>
<fileDescription><fileContent>${param('MS:1000579', 'MS1 spectrum')}${kind}${mode === 'continuous' ? param('IMS:1000030', 'continuous') : param('IMS:1000031', 'processed')}${param('IMS:1000080', 'universally unique identifier', `{${dashed}}`)}${param('IMS:1000091', 'ibd SHA-1', known.digest)}</fileContent></fileDescription>
<referenceableParamGroupList count="${arrays === '' ? 1 : 3}">
${arrays}${group('spectrum', param('MS:1000579', 'MS1 spectrum') + param('MS:1000511', 'ms level', 1) + scan + kind)}</referenceableParamGroupList>
<softwareList count="1"><software id="mayfly" version="1">${param('MS:1000799', 'custom unreleased software tool', escaped(software))}</software></softwareList>
<scanSettingsList count="1"><scanSettings id="scan">${param('IMS:1000042', 'max count of pixels x', known.maxX)}${param('IMS:1000043', 'max count of pixels y', known.maxY)}${param('IMS:1000046', 'pixel size (x)', pixelSize)}${param('IMS:1000047', 'pixel size y', pixelSize)}</scanSettings></scanSettingsList>
<instrumentConfigurationList count="1"><instrumentConfiguration id="IC1"/></instrumentConfigurationList>
<dataProcessingList count="1"><dataProcessing id="dp"><processingMethod order="1" softwareRef="mayfly">${param('MS:1000035', 'peak picking')}</processingMethod></dataProcessing></dataProcessingList>
<run id="run" defaultInstrumentConfigurationRef="IC1"><spectrumList count="${known.count}" defaultDataProcessingRef="dp">
`
  }
}

/** Both files in memory; for tests and small data. */
export function encodeImzML(
  spectra: Iterable<SpectrumData>,
  options: WriterOptions,
): { imzml: Uint8Array; ibd: Uint8Array } {
  const ibd: Uint8Array[] = []
  const xml: string[] = []
  const writer = new ImzMLWriter({ ibd: (bytes) => ibd.push(bytes), xml: (text) => xml.push(text) }, options)
  for (const spectrum of spectra) writer.add(spectrum)
  xml[0] = writer.finish().head
  return { imzml: Buffer.from(xml.join('')), ibd: Buffer.concat(ibd) }
}

/** Two files that grow spectrum by spectrum and appear under their names only when whole; memory holds a write buffer for each. */
export class ImzMLFiles {
  private readonly ibd: PartFile
  private readonly xml: PartFile
  private readonly writer: ImzMLWriter

  constructor(imzmlPath: string, ibdPath: string, options: WriterOptions) {
    this.ibd = new PartFile(ibdPath)
    this.xml = new PartFile(imzmlPath)
    this.writer = new ImzMLWriter(
      { ibd: (bytes) => this.ibd.append(bytes), xml: (text) => this.xml.appendText(text) },
      { software: basename(imzmlPath), ...options },
    )
  }

  add(spectrum: SpectrumData): void {
    this.writer.add(spectrum)
  }

  /** Bytes of the ibd so far. */
  get bytes(): number {
    return this.ibd.size
  }

  /** @param cut bytes taken off the end of the ibd, for tests. Default 0. */
  commit(cut = 0): WrittenCounts {
    const { head, ...counts } = this.writer.finish()
    this.xml.overwriteStart(head)
    if (cut > 0) this.ibd.cut(cut)
    this.ibd.close()
    this.xml.close()
    // The imzML last: who sees it finds its ibd.
    this.ibd.moveIntoPlace()
    this.xml.moveIntoPlace()
    return counts
  }

  /** Leaves nothing behind. */
  discard(): void {
    this.ibd.discard()
    this.xml.discard()
  }
}

/** Streams spectra to disk. */
export function writeImzML(
  imzmlPath: string,
  ibdPath: string,
  spectra: Iterable<SpectrumData>,
  options: WriterOptions,
): WrittenCounts {
  const files = new ImzMLFiles(imzmlPath, ibdPath, options)
  try {
    for (const spectrum of spectra) files.add(spectrum)
    return files.commit()
  } catch (error) {
    files.discard()
    throw error
  }
}
