import { MayflyError } from '@mayfly/executor/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unwrapOffsets } from './drafts.js'
import { checkIbd, readSpectra } from './ibd.js'
import { geometryOf, type ImzML } from './model.js'
import { parseImzML, parseImzMLStream } from './parse.js'
import { encodeImzML, type SpectrumData, type WriterOptions } from './writer.js'

const UUID = '0123456789abcdef0123456789abcdef'
const SMALL: SpectrumData[] = [
  { x: 1, y: 1, mz: [100.1, 200.2, 300.3], intensity: [1, 2, 3] },
  { x: 2, y: 1, mz: [100.2, 250.5], intensity: [5, 8] },
  { x: 1, y: 2, mz: [], intensity: [] },
  { x: 3, y: 2, mz: [150.25], intensity: [13] },
]

async function readAll(imzml: ImzML, ibd: Uint8Array) {
  const out: { mz: number[]; intensity: number[] }[] = []
  const read = async (start: number, end: number) => ibd.subarray(start, end)
  for await (const { mz, intensity } of readSpectra(
    imzml,
    Array.from({ length: imzml.count }, (_, i) => i),
    read,
    { file: 'small.ibd' },
  )) {
    out.push({ mz: [...mz], intensity: [...intensity] })
  }
  return out
}

/** The small data set with its XML changed. */
function variant(change: (xml: string) => string, options: Partial<WriterOptions> = {}) {
  const { imzml, ibd } = encodeImzML(SMALL, { mode: 'processed', uuid: UUID, ...options })
  return { xml: new TextEncoder().encode(change(new TextDecoder().decode(imzml))), ibd }
}

/** Parses, checks and reads a variant; the code of the typed error, or the spectra. */
async function outcome(change: (xml: string) => string, options?: Partial<WriterOptions>, cut = 0) {
  const { xml, ibd } = variant(change, options)
  try {
    const imzml = parseImzML(xml, 'small.imzML')
    const bytes = ibd.subarray(0, ibd.length - cut)
    checkIbd(imzml, bytes.length, bytes.subarray(0, 16), { file: 'small.ibd' })
    return { imzml, spectra: await readAll(imzml, bytes) }
  } catch (error) {
    if (error instanceof MayflyError) return { code: error.code, error }
    throw error
  }
}

const GROUPS = /<referenceableParamGroupRef ref="(\w+)"\/>/g
const plain = SMALL.map(({ mz, intensity }) => ({ mz: [...(mz as number[])], intensity: [...(intensity as number[])] }))

describe('imzML variants that must be read', () => {
  const inline: Record<string, string> = {
    mzArray: '<cvParam accession="MS:1000514"/><cvParam accession="MS:1000523" name="64-bit float"/>',
    intensityArray: '<cvParam accession="MS:1000515"/><cvParam accession="MS:1000521" name="32-bit float"/>',
    spectrum: '',
  }
  it.each<[string, (xml: string) => string]>([
    ['as written', (xml) => xml],
    ['no namespace', (xml) => xml.replace(/ xmlns="[^"]*"/, '')],
    ['prefixed namespace', (xml) => xml.replace(/<(\/?)([A-Za-z])/g, '<$1ms:$2').replace('xmlns=', 'xmlns:ms=')],
    ['inline types without group references', (xml) => xml.replace(GROUPS, (_, ref) => inline[ref] as string)],
    [
      'group reference after the parameters',
      (xml) =>
        xml.replace(/(<binaryDataArray [^>]*>)(<referenceableParamGroupRef[^>]*>)(.*?)(<binary\/>)/g, '$1$3$2$4'),
    ],
    [
      'arrays swapped',
      (xml) =>
        xml.replace(/(<binaryDataArray .*?<\/binaryDataArray>)(<binaryDataArray .*?<\/binaryDataArray>)/g, '$2$1'),
    ],
    [
      '32-bit named 64-bit accession',
      (xml) => xml.replace('MS:1000521" name="32-bit float"', 'MS:1000523" name="32-bit float"'),
    ],
    ['blank names', (xml) => xml.replace(/name="(32|64)-bit float"/g, 'name=""')],
    [
      'a second scan',
      (xml) =>
        xml.replace('</scan>', '</scan><scan><cvParam accession="IMS:1000050" name="position x" value="9"/></scan>'),
    ],
    ['character references', (xml) => xml.replace('position x" value="1"', 'position x" value="&#x31;"')],
    ['unknown accession', (xml) => xml.replace('<scan>', '<scan><cvParam accession="MS:xxx" name="custom"/>')],
    [
      'doctype, comments, CDATA and single quotes',
      (xml) =>
        xml
          .replace('<mzML', '<!DOCTYPE mzML [<!ENTITY a "b>">]><!-- <spectrum> > --><mzML')
          .replace('<run ', '<x><![CDATA[<spectrum]]></x><run ')
          .replace(/name="position x" value="(\d)"/g, "name='position x' value='$1'"),
    ],
  ])('%s', async (_, change) => {
    expect((await outcome(change)).spectra).toEqual(plain)
  })

  it('reads zlib, integer and 64-bit integer arrays', async () => {
    expect((await outcome((xml) => xml, { zlib: true })).spectra).toEqual(plain)
    expect((await outcome((xml) => xml, { intensityType: 'i32' })).spectra).toEqual(plain)
    expect(
      (await outcome((xml) => xml.replace('MS:1000522', 'IMS:1000142'), { intensityType: 'i64' })).spectra,
    ).toEqual(plain)
  })

  it('takes offsets that wrapped around in signed 32-bit integers', () => {
    const raw = Float64Array.of(16, 2e9, 2.2e9 - 2 ** 32, -5, 10, 2e9, 2.5e9 - 2 ** 32)
    expect([...unwrapOffsets(raw)]).toEqual([16, 2e9, 2.2e9, 2 ** 32 - 5, 2 ** 32 + 10, 2 ** 32 + 2e9, 2 ** 32 + 2.5e9])
  })

  it('says what is odd', async () => {
    const codes = async (change: (xml: string) => string) => (await outcome(change)).imzml?.warnings.map((w) => w.code)
    expect(await codes((xml) => xml.replace('IMS:1000031', 'IMS:1000030'))).toEqual(['W_IMZML_MODE'])
    expect(await codes((xml) => xml.replaceAll('MS:1000127', 'MS:1000128'))).toEqual(['W_IMZML_PROFILE'])
    expect(await codes((xml) => xml.replace('<scan>', '<scan><cvParam accession="MS:1000129"/>'))).toEqual([
      'W_IMZML_POLARITY',
    ])
  })

  it('drops the origin and shares pixels of doubled coordinates', () => {
    const at = (points: [number, number][]) =>
      geometryOf({
        count: points.length,
        x: Int32Array.from(points, (p) => p[0]),
        y: Int32Array.from(points, (p) => p[1]),
      })
    const geometry = at([
      [-3, 7],
      [-1, 7],
      [-3, 8],
      [-3, 8],
    ])
    expect(geometry).toMatchObject({ width: 3, height: 2 })
    expect([...geometry.pixel]).toEqual([0, 2, 3, 3])
    expect([...geometry.sampled]).toEqual([0, 2, 3])
  })
})

describe('imzML and ibd faults have codes and name the place', () => {
  it.each<[string, string, (xml: string) => string]>([
    ['data type missing', 'E_IMZML_TYPE', (xml) => xml.replace(/<cvParam[^>]*MS:1000521[^>]*>/, '')],
    ['16-bit floats', 'E_IMZML_TYPE', (xml) => xml.replace('MS:1000521', 'MS:1000520')],
    ['group missing', 'E_IMZML_GROUP', (xml) => xml.replace('Group id="intensityArray"', 'Group id="other"')],
    ['no arrays', 'E_IMZML_MISSING_PARAM', (xml) => xml.replace(/<binaryDataArrayList.*?<\/binaryDataArrayList>/, '')],
    ['no x', 'E_IMZML_MISSING_PARAM', (xml) => xml.replace(/<cvParam[^>]*IMS:1000050[^>]*>/, '')],
    ['no offset', 'E_IMZML_MISSING_PARAM', (xml) => xml.replace(/<cvParam[^>]*IMS:1000102[^>]*>/, '')],
    [
      'position with a fraction',
      'E_IMZML_NUMBER',
      (xml) => xml.replace('position x" value="1"', 'position x" value="1.57"'),
    ],
    [
      'position of no pixel',
      'E_IMZML_NUMBER',
      (xml) => xml.replace('position x" value="1"', 'position x" value="4294967297"'),
    ],
    ['length below 0', 'E_IMZML_NUMBER', (xml) => xml.replace('array length" value="2"', 'array length" value="-2"')],
    [
      'compressed into nothing',
      'E_IBD_ZLIB',
      (xml) => xml.replaceAll('MS:1000576', 'MS:1000574').replace(/(IMS:1000104"[^>]*value=")[0-9]+/g, '$10'),
    ],
    ['empty spectrum list', 'E_IMZML_EMPTY', (xml) => xml.replace(/<spectrum [\s\S]*<\/spectrum>/, '')],
    ['not XML', 'E_IMZML_XML', () => 'hello'],
    ['crossed tags', 'E_IMZML_XML', (xml) => xml.replace('</scan></scanList>', '</scanList></scan>')],
    ['cut XML', 'E_IMZML_TRUNCATED', (xml) => xml.slice(0, xml.length * 0.7)],
    ['UUID of another file', 'E_IBD_UUID', (xml) => xml.replace('{01234567', '{81234567')],
    ['length mismatch', 'E_IBD_LENGTHS', (xml) => xml.replace('array length" value="2"', 'array length" value="1"')],
    [
      'offset before the file',
      'E_IBD_OFFSET',
      (xml) => xml.replace('offset" value="16"', `offset" value="-${2 ** 33}"`),
    ],
    ['zlib that is none', 'E_IBD_ZLIB', (xml) => xml.replaceAll('MS:1000576', 'MS:1000574')],
  ])('%s → %s', async (_, code, change) => {
    const { code: found, error } = await outcome(change)
    expect(found).toBe(code)
    expect(error?.message).toMatch(/^small\.(imzML|ibd): /)
    expect(error?.hint).toBeTruthy()
  })

  it('cut ibd → E_IBD_TRUNCATED naming the spectrum', async () => {
    const { error } = await outcome((xml) => xml, {}, 1)
    expect(error).toMatchObject({ code: 'E_IBD_TRUNCATED', where: { file: 'small.ibd', spectrum: 3 } })
  })
})

const spectra = fc.array(
  fc.record({
    x: fc.integer({ min: 1, max: 40 }),
    y: fc.integer({ min: 1, max: 40 }),
    points: fc.array(fc.tuple(fc.double({ min: 1, max: 5000, noNaN: true }), fc.integer({ min: 0, max: 1e6 })), {
      maxLength: 30,
    }),
  }),
  { minLength: 1, maxLength: 20 },
)

describe('properties', () => {
  it('what is written is read back, in any pieces', async () => {
    await fc.assert(
      fc.asyncProperty(spectra, fc.boolean(), fc.integer({ min: 1, max: 400 }), async (drawn, zlib, piece) => {
        const data = drawn.map(({ x, y, points }) => ({
          x,
          y,
          mz: points.map((p) => p[0]),
          intensity: points.map((p) => p[1]),
        }))
        const { imzml, ibd } = encodeImzML(data, { mode: 'processed', uuid: UUID, zlib })
        async function* pieces() {
          for (let at = 0; at < imzml.length; at += piece) yield imzml.subarray(at, at + piece)
        }
        const parsed = await parseImzMLStream(pieces())
        checkIbd(parsed, ibd.length, ibd.subarray(0, 16))
        expect([...parsed.x]).toEqual(data.map((d) => d.x))
        expect(await readAll(parsed, ibd)).toEqual(data.map(({ mz, intensity }) => ({ mz, intensity })))
      }),
      { numRuns: 60 },
    )
  })

  it('continuous mode shares one axis', async () => {
    const mz = [100, 200, 300]
    const data = [1, 2, 3].map((x) => ({ x, y: 1, mz, intensity: [x, 0, 2 * x] }))
    const { imzml, ibd } = encodeImzML(data, { mode: 'continuous', uuid: UUID })
    const parsed = parseImzML(imzml)
    expect(parsed).toMatchObject({ mode: 'continuous', sharedAxis: true })
    expect(ibd.length).toBe(16 + 3 * 8 + 3 * 3 * 4)
    expect(await readAll(parsed, ibd)).toEqual(data.map(({ intensity }) => ({ mz, intensity })))
  })

  it('a damaged file gives a typed error or data, never a crash', async () => {
    const { imzml, ibd } = encodeImzML(SMALL, { mode: 'processed', uuid: UUID, zlib: true })
    const edits = fc.array(fc.tuple(fc.nat(imzml.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(edits, fc.nat(imzml.length), fc.nat(ibd.length), async (changes, cut, ibdCut) => {
        const bytes = imzml.slice(0, cut < 200 ? imzml.length : Math.max(cut, imzml.length - cut))
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        const data = ibd.subarray(0, ibdCut % 3 === 0 ? ibdCut : ibd.length)
        try {
          const parsed = parseImzML(bytes)
          checkIbd(parsed, data.length, data.subarray(0, 16), { ignoreUuid: true })
          await readAll(parsed, data)
        } catch (error) {
          expect(error).toBeInstanceOf(MayflyError)
        }
      }),
      { numRuns: 1500 },
    )
  })
})
