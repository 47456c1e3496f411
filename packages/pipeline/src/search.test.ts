import { describe, expect, it } from 'vitest'
import { checkDatabaseConfig, checkDatasetConfig } from './config.js'
import { searchOf } from './search.js'

const dataset = (more = {}) =>
  checkDatasetConfig({ name: 'x', imzml_path: 'a.imzML', ibd_path: 'a.ibd', isocalc_sigma: 0.0012384, ...more })
const database = (more = {}) => checkDatabaseConfig({ name: 'x', databases: ['a.csv'], ...more })
const metaspace = (version: 1 | 3, more = {}) =>
  checkDatabaseConfig({
    database_ids: ['a.csv'],
    analysis_version: version,
    isotope_generation: {
      adducts: ['+H', '[M]+'],
      charge: 1,
      isocalc_sigma: 0.0007,
      instrument: 'FTICR',
      neutral_losses: ['-H2O'],
      chem_mods: ['+C2H2O'],
      ...more,
    },
    fdr: { decoy_sample_size: 20 },
    image_generation: { ppm: 5, n_levels: 10, min_px: 2 },
  })

describe('searchOf', () => {
  it("is Lithops-METASPACE's serverless search by default", () => {
    expect(searchOf(dataset(), database({ modifiers: ['', '-H2O'] }))).toEqual({
      ...{
        mode: 'lithops',
        impl: 'serverless',
        adducts: ['', '+H', '+Na', '+K'],
        decoys: 80,
        charge: 1,
        sigma: 0.001238,
      },
      ...{ instrument: 'Orbitrap', ppm: 3, levels: 30, minPx: 1 },
      prefixes: [
        { text: '', chemMod: '', neutralLoss: '' },
        { text: '-H2O', chemMod: '', neutralLoss: '-H2O' },
      ],
    })
  })

  it("reads METASPACE's configuration", () => {
    const search = searchOf(dataset(), metaspace(3))
    expect(search).toMatchObject({
      mode: 'metaspace-v3',
      adducts: ['+H', '[M]+'],
      decoys: 20,
      sigma: 0.0007,
      instrument: 'FTICR',
      ppm: 5,
      levels: 10,
      minPx: 2,
    })
    expect(search.prefixes.map(({ text }) => text)).toEqual(['', '-H2O', '+C2H2O', '+C2H2O-H2O'])
    expect(searchOf(dataset(), metaspace(1)).mode).toBe('metaspace-v1')
  })

  it('lets the caller choose another mode, and names the bare ion as that mode does', () => {
    expect(searchOf(dataset({ polarity: '-' }), database(), { mode: 'metaspace-v3' })).toMatchObject({
      adducts: ['[M]-', '+H', '+Na', '+K'],
      decoys: 20,
      charge: -1,
    })
    expect(searchOf(dataset(), metaspace(3), { mode: 'lithops', impl: 'hybrid' })).toMatchObject({
      adducts: ['+H', ''],
      impl: 'hybrid',
    })
  })

  it('takes all decoys there are, and no more', () => {
    const chloride = database({ adducts: ['-H', '+Cl'] })
    expect(searchOf(dataset(), chloride).decoys).toBe(79)
    expect(searchOf(dataset({ num_decoys: 20 }), chloride).decoys).toBe(20)
    expect(() => searchOf(dataset({ num_decoys: 80 }), chloride)).toThrow(expect.objectContaining({ code: 'E_DECOYS' }))
    expect(searchOf(dataset({ num_decoys: 80 }), chloride, { mode: 'metaspace-v1' }).decoys).toBe(79)
  })

  it.each([{ mode: 'metaspace' }, { impl: 'cloud' }, { instrument: 'Orbi' }, { ppm: 0 }, { levels: 0.5 }])(
    'refuses %j',
    (options) => {
      expect(() => searchOf(dataset(), database(), options as never)).toThrow(
        expect.objectContaining({ code: 'E_CONFIG_VALUE', where: { key: Object.keys(options)[0] } }),
      )
    },
  )
})

describe("METASPACE's configuration", () => {
  it.each([
    [{ adducts: ['H'] }, 'E_ADDUCT_INVALID'],
    [{ adducts: [] }, 'E_ADDUCT_INVALID'],
    [{ neutral_losses: ['H2O'] }, 'E_MODIFIER_INVALID'],
    [{ chem_mods: ['+Xx'] }, 'E_MODIFIER_INVALID'],
    [{ instrument: 'Orbi' }, 'E_CONFIG_VALUE'],
    [{ isocalc_sgima: 1 }, 'E_CONFIG_UNKNOWN_KEY'],
  ])('with %j is refused', (more, code) => {
    expect(() => metaspace(3, more)).toThrow(expect.objectContaining({ code }))
  })
})
