/** Every defect, in both modes, read back by our reader: with the result that `DEFECTS` promises, or a typed error. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkIbd, geometryOf, parseImzML, readSpectra } from '../imzml/index.js'
import { coreFormulas } from '../moldb/compile.js'
import { DEFECTS, type Defect } from './defects.js'
import { writeDataset } from './write.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-defects-'))
afterAll(() => rmSync(folder, { recursive: true }))
const formulas = coreFormulas().filter((_, i) => i % 20 === 0)
const small = { formulas, width: 14, height: 12, compounds: 12, ghosts: 20, peaks: 100, bins: 90, workers: 1 }

/** By pixel of the box, the intensity at every m/z (to a hundredth of a ppm), duplicates added up. */
async function read(mode: 'processed' | 'continuous', defects: Defect[]) {
  const name = `${mode}-${defects.join('-') || 'plain'}`
  const files = await writeDataset(folder, { ...small, mode, name, defects })
  const imzml = parseImzML(readFileSync(files.imzml), files.imzml)
  const ibd = readFileSync(files.ibd)
  checkIbd(imzml, ibd.length, ibd.subarray(0, 16))
  const { pixel, sampled, width, height } = geometryOf(imzml)
  const images = new Map<number, Map<number, number>>()
  const all = Array.from({ length: imzml.count }, (_, i) => i)
  let ascending = true
  for await (const { index, mz, intensity } of readSpectra(imzml, all, async (start, end) =>
    ibd.subarray(start, end),
  )) {
    const image = images.get(pixel[index]!) ?? new Map<number, number>()
    images.set(pixel[index]!, image)
    for (let i = 0; i < mz.length; i++) {
      if (i > 0 && mz[i]! < mz[i - 1]!) ascending = false
      if (intensity[i]! === 0) continue
      const key = Math.round(mz[i]! * 1e5)
      image.set(key, (image.get(key) ?? 0) + intensity[i]!)
    }
  }
  for (const [at, image] of images) images.set(at, new Map([...image].sort(([a], [b]) => a - b)))
  return { imzml, images, sampled, width, height, ascending, points: files.peaks, spectra: files.spectra }
}

describe.each(['processed', 'continuous'] as const)('%s', (mode) => {
  let plain: Awaited<ReturnType<typeof read>>
  beforeAll(async () => {
    plain = await read(mode, [])
  })

  type Result = Awaited<ReturnType<typeof read>>
  const same = (got: Result) => {
    expect(got.images).toEqual(plain.images)
    expect([got.width, got.height, got.sampled]).toEqual([plain.width, plain.height, plain.sampled])
  }
  const rounded = ({ images, imzml }: Result, type: string) => {
    expect(imzml.intensity.type).toBe(type)
    const whole = [...images].map(([at, image]) => [at, [...image.values()].reduce((a, b) => a + b, 0)])
    for (const [at, sum] of whole as [number, number][]) {
      const wanted = [...plain.images.get(at)!.values()]
      expect(Number.isInteger(sum)).toBe(true)
      expect(Math.abs(sum - wanted.reduce((a, b) => a + b, 0))).toBeLessThan(wanted.length / 2 + 1)
    }
  }
  const EXPECTED: Record<Defect, string | ((got: Result) => void)> = {
    'duplicate-pixels': (got) => {
      same(got)
      expect(got.spectra).toBeGreaterThan(plain.spectra)
    },
    'missing-pixels': (got) => {
      expect(got.sampled.length).toBeLessThan(plain.sampled.length)
      expect(got.sampled.length).toBe(got.spectra)
      for (const [pixel, image] of got.images) expect(image).toEqual(plain.images.get(pixel))
    },
    'offset-origin': (got) => {
      same(got)
      expect(Math.min(...got.imzml.x)).toBe(Math.min(...plain.imzml.x) + 1000)
      expect(Math.min(...got.imzml.y)).toBeLessThan(0)
    },
    'z-plane': (got) => {
      same(got)
      expect(new Set(got.imzml.z)).toEqual(new Set([1, 2]))
    },
    'wrong-dtype-name': (got) => {
      same(got)
      expect(got.imzml.warnings.map(({ code }) => code)).toContain('W_IMZML_NAME')
    },
    'negative-offsets': (got) => {
      same(got)
      expect(readFileSync(got.imzml.file, 'utf8')).toMatch(/external offset" value="-\d+/)
    },
    'zero-intensity': (got) => {
      same(got)
      expect(got.points).toBeGreaterThan(1.9 * plain.points)
    },
    'unsorted-mz': (got) => {
      same(got)
      expect([plain.ascending, got.ascending]).toEqual([true, false])
    },
    'inline-cvparams': (got) => {
      same(got)
      expect(readFileSync(got.imzml.file, 'utf8')).not.toContain('ref="mzArray"')
    },
    zlib: (got) => {
      same(got)
      expect(got.imzml.intensity.zlib).toBe(true)
    },
    'truncated-ibd': 'E_IBD_TRUNCATED',
    'uuid-mismatch': 'E_IBD_UUID',
    int32: (got) => rounded(got, 'i32'),
    int64: (got) => rounded(got, 'i64'),
  }

  it.each(Object.keys(DEFECTS) as Defect[])('%s', async (defect) => {
    const expected = EXPECTED[defect]
    if (typeof expected === 'string') await expect(read(mode, [defect])).rejects.toMatchObject({ code: expected })
    else expected(await read(mode, [defect]))
  })

  it('several at once', async () => {
    const got = await read(mode, [
      'duplicate-pixels',
      'offset-origin',
      'negative-offsets',
      'unsorted-mz',
      'inline-cvparams',
      'zlib',
    ])
    expect(got.images).toEqual(plain.images)
  })
})

it('refuses what it does not know, and what excludes each other', async () => {
  for (const defects of [['typo'], ['int32', 'int64'], ['int32', 'wrong-dtype-name']])
    await expect(writeDataset(folder, { ...small, defects })).rejects.toMatchObject({ code: 'E_SYNTH_DEFECT' })
})
