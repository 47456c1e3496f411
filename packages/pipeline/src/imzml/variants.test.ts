/** The 27 valid, malformed and unusual files that the reference parser was tried with, and what must come of each here. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MayflyError } from '@mayfly/executor/errors'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkIbd, readSpectra } from './ibd.js'
import { geometryOf } from './model.js'
import { parseImzML } from './parse.js'
import { encodeImzML, type WriterOptions } from './writer.js'

const UUID = '0123456789abcdef0123456789abcdef'
/** As many points as the reference's four spectra have, so that offsets are the same. */
const SPECTRA = [614, 631, 679, 663].map((n, i) => ({
  ...{ x: 1 + (i % 2), y: 1 + (i >> 1) },
  mz: Array.from({ length: n }, (_, k) => 100 + k * 1.25 + i / 7),
  intensity: Array.from({ length: n }, (_, k) => (k * 37 + i) % 1000),
}))

type Change = (xml: string) => string
const files = (change: Change, options: Partial<WriterOptions> = {}) => {
  const { imzml, ibd } = encodeImzML(SPECTRA, { mode: 'processed', uuid: UUID, ...options })
  return { xml: change(new TextDecoder().decode(imzml)), ibd }
}

async function read(xml: Uint8Array, ibd: Uint8Array, ignoreUuid = false) {
  const imzml = parseImzML(xml, 'a.imzML')
  checkIbd(imzml, ibd.length, ibd.subarray(0, 16), { file: 'a.ibd', ignoreUuid })
  const spectra: { mz: number[]; intensity: number[] }[] = []
  const range = async (start: number, end: number) => ibd.subarray(start, end)
  for await (const { mz, intensity } of readSpectra(imzml, [0, 1, 2, 3].slice(0, imzml.count), range, {
    file: 'a.ibd',
  })) {
    spectra.push({ mz: [...mz], intensity: [...intensity] })
  }
  return { imzml, spectra }
}

const plain = SPECTRA.map(({ mz, intensity }) => ({ mz, intensity }))
const same: Change = (xml) => xml
const REF = /<referenceableParamGroupRef ref="(mzArray|intensityArray)"\/>/g
const ARRAY = /<binaryDataArray .*?<\/binaryDataArray>/
const TYPES = {
  mzArray: '<cvParam accession="MS:1000514"/><cvParam accession="MS:1000523"/>',
  intensityArray: '<cvParam accession="MS:1000515"/><cvParam accession="MS:1000521"/>',
}
/** Applies a change to the n-th match (from 0). */
const nth = (xml: string, pattern: RegExp, n: number, to: (match: string) => string) => {
  let seen = 0
  return xml.replace(new RegExp(pattern, 'g'), (match) => (seen++ === n ? to(match) : match))
}

interface Variant {
  change: Change
  options?: Partial<WriterOptions>
  /** Code of the error; otherwise everything is read as written. */
  error?: string
  warning?: string
  /** Bytes cut from the end of the ibd. */
  cut?: number
  check?: (result: Awaited<ReturnType<typeof read>>) => void
}

const VARIANTS: Record<string, Variant> = {
  valid: { change: same },
  no_namespace: { change: (xml) => xml.replace(/ xmlns(:\w+)?="[^"]*"/g, '').replace(/ xsi:\w+="[^"]*"/g, '') },
  inline_types_no_group_ref: { change: (xml) => xml.replace(REF, (_, ref: keyof typeof TYPES) => TYPES[ref]) },
  arrays_swapped: {
    change: (xml) => xml.replace(new RegExp(`(${ARRAY.source})(${ARRAY.source})`, 'g'), '$2$1'),
  },
  dtype_name_mismatch_32_as_523: {
    change: (xml) => xml.replace('MS:1000521" name="32-bit float"', 'MS:1000523" name="32-bit float"'),
    warning: 'W_IMZML_NAME',
  },
  dtype_only_accession_blank_name: { change: (xml) => xml.replace('name="32-bit float"', 'name=""') },
  ims_141_32bit_int: {
    change: (xml) => xml.replace('MS:1000519', 'IMS:1000141'),
    options: { intensityType: 'i32' },
    check: ({ imzml }) => expect(imzml.intensity.type).toBe('i32'),
  },
  missing_dtype: { change: (xml) => xml.replace(/<cvParam[^>]*MS:1000521[^>]*>/, ''), error: 'E_IMZML_TYPE' },
  missing_intensity_group: {
    change: (xml) => xml.replace(/<referenceableParamGroup id="intensityArray">.*?<\/referenceableParamGroup>/s, ''),
    error: 'E_IMZML_GROUP',
  },
  no_binaryDataArrayList: {
    change: (xml) => xml.replace(/<binaryDataArrayList.*?<\/binaryDataArrayList>/, ''),
    error: 'E_IMZML_MISSING_PARAM',
  },
  missing_position_x: {
    change: (xml) => nth(xml, /<cvParam[^>]*IMS:1000050[^>]*>/, 2, () => ''),
    error: 'E_IMZML_MISSING_PARAM',
  },
  float_position: {
    change: (xml) => xml.replace('position x" value="1"', 'position x" value="1.57"'),
    error: 'E_IMZML_NUMBER',
  },
  missing_offset: {
    change: (xml) => nth(xml, /<cvParam[^>]*IMS:1000102[^>]*>/, 3, () => ''),
    error: 'E_IMZML_MISSING_PARAM',
  },
  negative_wrapped_offsets: {
    change: (xml) =>
      xml.replace(
        /(external offset" value=")(\d+)/g,
        (_, before, n) => `${before}${Number(n) > 7000 ? n - 2 ** 32 : n}`,
      ),
  },
  truncated_xml: { change: (xml) => xml.slice(0, xml.length * 0.8), error: 'E_IMZML_TRUNCATED' },
  truncated_ibd: { change: same, cut: 1001, error: 'E_IBD_TRUNCATED' },
  zero_length_spectrum: {
    change: (xml) => xml.replaceAll('array length" value="614"', 'array length" value="0"'),
    check: ({ spectra }) => expect(spectra[0]).toEqual({ mz: [], intensity: [] }),
  },
  length_mismatch: {
    change: (xml) => xml.replace('array length" value="614"', 'array length" value="613"'),
    error: 'E_IBD_LENGTHS',
  },
  zlib_flag_ignored: { change: (xml) => xml.replaceAll('MS:1000576', 'MS:1000574'), error: 'E_IBD_ZLIB' },
  empty_spectrum_list: { change: (xml) => xml.replace(/<spectrum [\s\S]*<\/spectrum>/, ''), error: 'E_IMZML_EMPTY' },
  uuid_mismatch: { change: (xml) => xml.replace('{01234567', '{71234567'), error: 'E_IBD_UUID' },
  duplicate_coordinates: {
    change: (xml) => nth(xml, /position x" value="2"/, 0, () => 'position x" value="1"'),
    check: ({ imzml }) => expect([...geometryOf(imzml).pixel]).toEqual([0, 0, 2, 3]),
  },
  unknown_accession: {
    change: (xml) => xml.replace('<scan>', '<scan><cvParam cvRef="MS" accession="MS:xxx" name="custom"/>'),
    warning: 'W_IMZML_ACCESSION',
  },
  positive_scan_wrong_accession: {
    change: (xml) => xml.replace(/MS:1000130"( name="positive scan")/g, 'MS:1000128"$1'),
    warning: 'W_IMZML_NAME',
    check: ({ imzml }) => expect([imzml.polarity, imzml.spectrumType]).toEqual(['positive', 'centroid']),
  },
  both_polarities: {
    change: (xml) => xml.replace('<scan>', '<scan><cvParam cvRef="MS" accession="MS:1000129" name="negative scan"/>'),
    warning: 'W_IMZML_POLARITY',
    check: ({ imzml }) => expect(imzml.polarity).toBe('mixed'),
  },
  doctype_latin1_text: {
    change: (xml) =>
      xml
        .replace(/<\?xml[^>]*>/, '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE mzML>')
        .replace('<scan>', '<scan><userParam name="operator" value="Zoë"/>'),
  },
  spectrum_group_ref_only_first: {
    change: (xml) =>
      xml.replace(/(<binaryDataArray [^>]*>)(<referenceableParamGroupRef[^>]*>)(.*?)(<binary\/>)/g, '$1$3$2$4'),
  },
}

/** The text as ISO-8859-1, in which every one of these characters is one byte. */
const latin1 = (xml: string) => Buffer.from(xml, 'latin1')
const shared = fileURLToPath(new URL('../../../../../shared/refdata/imzml_malformed_behaviour.json', import.meta.url))
const present = existsSync(shared)
if (!present) console.log('skipped: ../shared/refdata is not here')

describe('the variants', () => {
  it.each(Object.entries(VARIANTS))('%s', async (_, { change, options, error, warning, cut = 0, check }) => {
    const { xml, ibd } = files(change, options)
    const reading = read(latin1(xml), ibd.subarray(0, ibd.length - cut))
    if (error !== undefined) {
      const thrown = await reading.catch((reason: unknown) => reason)
      expect(thrown).toBeInstanceOf(MayflyError)
      expect(thrown).toMatchObject({
        code: error,
        hint: expect.any(String),
        where: { file: /^E_IMZML/.test(error) ? 'a.imzML' : 'a.ibd' },
      })
      return
    }
    const result = await reading
    if (warning !== undefined) expect(result.imzml.warnings.map(({ code }) => code)).toContain(warning)
    check?.(result)
    expect(result.spectra.slice(1)).toEqual(plain.slice(1))
  })

  it('a UUID that does not match may be passed over', async () => {
    const { xml, ibd } = files(VARIANTS.uuid_mismatch!.change)
    expect((await read(latin1(xml), ibd, true)).spectra).toEqual(plain)
  })

  it.skipIf(!present)('are those of the reference, and where it can read one we read the same', async () => {
    const cases = JSON.parse(readFileSync(shared, 'utf8')) as {
      case: string
      parsed: boolean
      read_error?: string
      polarity: string
      offsets: number[]
      lens?: [number, number][]
    }[]
    expect(cases.map((row) => row.case).sort()).toEqual(Object.keys(VARIANTS).sort())
    for (const { case: name, parsed, read_error, polarity, offsets, lens } of cases) {
      const { change, options, error } = VARIANTS[name]!
      if (!parsed || read_error !== undefined || error !== undefined) continue
      const { xml, ibd } = files(change, options)
      const { imzml, spectra } = await read(latin1(xml), ibd)
      expect([name, imzml.polarity, [...imzml.mz.offset]]).toEqual([name, polarity, offsets])
      expect(spectra.map(({ mz, intensity }) => [mz.length, intensity.length])).toEqual(lens)
    }
  })
})

/** Ways to write the same XML otherwise. */
const NEUTRAL: Change[] = [
  (xml) => xml.replace(/></g, '>\r\n\t<'),
  (xml) =>
    xml.replace(/<(\w+)((?: [\w:]+="[^"]*")+)(\/?)>/g, (_, name, attributes: string, end) => {
      const parts = attributes.match(/[\w:]+="[^"]*"/g) as string[]
      return `<${name} ${parts.reverse().join('\n  ')} ${end}>`
    }),
  (xml) => xml.replace(/="([^"']*)"/g, "='$1'"),
  (xml) => xml.replace(/="([^"]*)"/g, ' = "$1"'),
  (xml) => xml.replace(/<(cvParam|referenceableParamGroupRef|binary)([^>]*)\/>/g, '<$1$2></$1>'),
  (xml) =>
    xml.replace(/<(scan|binaryDataArray|spectrum)\b/g, '<!-- <cvParam accession="IMS:1000102" value="7"/> --><$1'),
  (xml) => xml.replace(/<(\/?)([A-Za-z])/g, '<$1ims:$2').replace('xmlns=', 'xmlns:ims='),
  (xml) => xml.replace(/value="(\d+)"/g, 'value=" +$1 "'),
  (xml) => xml.replace(/<scan>/g, '<scan><userParam name="a &gt; b" value="&lt;spectrum&gt;"/>'),
  (xml) => `\uFEFF${xml}`,
]

describe('fuzzing', () => {
  it('changes without a meaning change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(NEUTRAL, { minLength: 1 }), fc.boolean(), async (changes, zlib) => {
        const { xml, ibd } = files((text) => changes.reduce((now, change) => change(now), text), { zlib })
        expect((await read(new TextEncoder().encode(xml), ibd)).spectra).toEqual(plain)
      }),
      { numRuns: 40 },
    )
  })

  it('a wrong digit in an offset or a length is an error', async () => {
    const { xml, ibd } = files(same)
    const numbers = [...xml.matchAll(/(external offset|external array length)" value="(\d+)"/g)]
    await fc.assert(
      fc.asyncProperty(fc.nat(numbers.length - 1), fc.nat(9), fc.nat(5), async (which, digit, place) => {
        const match = numbers[which]!
        const value = match[2]!
        const at = match.index + match[0].length - 1 - value.length + (place % value.length)
        const changed = xml.slice(0, at) + digit + xml.slice(at + 1)
        if (changed === xml) return
        try {
          const { spectra } = await read(new TextEncoder().encode(changed), ibd)
          expect.fail(`read ${spectra.length} spectra from ${match[0]} with ${digit} at ${place}`)
        } catch (error) {
          if (!(error instanceof MayflyError)) throw error
          expect(error.code).toMatch(/^E_(IMZML|IBD)_/)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('a data type that is not the true one is an error', async () => {
    for (const [from, to] of [
      ['MS:1000523" name="64-bit float"', 'MS:1000522" name=""'],
      ['MS:1000521" name="32-bit float"', 'MS:1000523" name="64-bit float"'],
    ] as const) {
      const { xml, ibd } = files((text) => text.replace(from, to))
      const reading = read(new TextEncoder().encode(xml), ibd)
      // A 64-bit integer is as long as a 64-bit float: only the numbers could tell.
      if (to.includes('1000522')) await expect(reading).resolves.toBeDefined()
      else await expect(reading).rejects.toMatchObject({ code: expect.stringMatching(/^E_IBD_(OVERLAP|TRUNCATED)$/) })
    }
  })
})
