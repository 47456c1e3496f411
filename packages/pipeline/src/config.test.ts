import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { checkDatabaseConfig, checkDatasetConfig, readConfigFile, resolvePath } from './config.js'

const folder = mkdtempSync(join(tmpdir(), 'mayfly-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const dataset = { name: 'x', imzml_path: 'a.imzML', ibd_path: 'a.ibd', isocalc_sigma: 0.001 }
const database = { name: 'x', databases: ['a.csv'] }
const thrown = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe('configurations', () => {
  it('fills in defaults', () => {
    expect(checkDatasetConfig(dataset)).toMatchObject({ polarity: '+', ignore_uuid: false })
    expect(checkDatabaseConfig(database)).toMatchObject({ adducts: ['', '+H', '+Na', '+K'], neutral_losses: [] })
  })

  it("takes METASPACE's metadata in the place of a width", () => {
    const { isocalc_sigma: _, ...rest } = dataset
    const of = (Analyzer: string, Resolving_Power: number, mz: number) =>
      checkDatasetConfig({
        ...rest,
        metadata: {
          Data_Type: 'Imaging MS',
          MS_Analysis: { Analyzer, Polarity: 'Negative', Detector_Resolving_Power: { mz, Resolving_Power } },
        },
      })
    expect(of('Orbitrap', 140_000, 200)).toMatchObject({
      isocalc_sigma: 0.001238,
      instrument: 'Orbitrap',
      polarity: '-',
    })
    expect(of('Q Exactive Plus', 70_000, 400)).toMatchObject({ isocalc_sigma: 0.001733, instrument: 'Orbitrap' })
    expect(of('7T FT-ICR', 100_000, 400)).toMatchObject({ isocalc_sigma: 0.000693, instrument: 'FTICR' })
    expect(of('Q-TOF', 84_999, 800)).toMatchObject({ isocalc_sigma: 0.002476, instrument: 'TOF' })
    expect(of('Xevo', 85_000, 800)).toMatchObject({ isocalc_sigma: 0.001733, instrument: 'TOF' })
    expect(of('something new', 1e6, 200)).toMatchObject({ isocalc_sigma: 0.000173, instrument: 'Orbitrap' })
    // 200,000 gets the width for 250,000, as in METASPACE.
    expect(of('Orbitrap', 200_000, 200).isocalc_sigma).toBe(0.000693)
    expect(thrown(() => checkDatasetConfig(rest))).toMatchObject({
      code: 'E_CONFIG_VALUE',
      where: { key: 'isocalc_sigma' },
    })
    expect(thrown(() => of('Orbitrap', -1, 200))).toMatchObject({ code: 'E_CONFIG_VALUE' })
  })

  it('names the nearest key', () => {
    expect(thrown(() => checkDatasetConfig({ ...dataset, isocalc_sgima: 1 }, 'ds.json'))).toMatchObject({
      code: 'E_CONFIG_UNKNOWN_KEY',
      message: 'ds.json: unknown key "isocalc_sgima"',
      hint: 'Did you mean "isocalc_sigma"?',
    })
    expect(thrown(() => checkDatabaseConfig({ ...database, zzzzzzzz: 1 }))).toMatchObject({
      code: 'E_CONFIG_UNKNOWN_KEY',
      hint: 'Known keys are name, databases, adducts, modifiers.',
    })
  })

  it.each([
    ['E_CONFIG_VALUE', () => checkDatasetConfig({ ...dataset, num_decoys: 81 })],
    ['E_CONFIG_VALUE', () => checkDatasetConfig({ ...dataset, polarity: 'both' })],
    ['E_CONFIG_VALUE', () => checkDatasetConfig({ ...dataset, isocalc_sigma: -1 })],
    ['E_CONFIG_VALUE', () => checkDatasetConfig('text')],
    ['E_DB_EMPTY', () => checkDatabaseConfig({ ...database, databases: [] })],
    ['E_ADDUCT_INVALID', () => checkDatabaseConfig({ ...database, adducts: ['H'] })],
    ['E_ADDUCT_INVALID', () => checkDatabaseConfig({ ...database, adducts: ['+h'] })],
    ['E_ADDUCT_INVALID', () => checkDatabaseConfig({ ...database, adducts: ['+H', '+H'] })],
    ['E_ADDUCT_INVALID', () => checkDatabaseConfig({ ...database, adducts: [] })],
    ['E_ADDUCT_INVALID', () => checkDatabaseConfig({ ...database, adducts: ['+Zz'] })],
    ['E_ADDUCT_INVALID', () => checkDatabaseConfig({ ...database, adducts: ['+H2000000000000'] })],
    ['E_MODIFIER_INVALID', () => checkDatabaseConfig({ ...database, modifiers: ['', '-H2O+Xx'] })],
    ['E_MODIFIER_INVALID', () => checkDatabaseConfig({ ...database, modifiers: ['-H2O'] })],
    ['E_MODIFIER_INVALID', () => checkDatabaseConfig({ ...database, modifiers: ['', 'H2O'] })],
  ])('%s', (code, run) => {
    expect(thrown(run)).toMatchObject({ code, hint: expect.any(String) })
  })
})

describe('files', () => {
  it('takes paths from the configuration, the current folder, absolute or as URLs', () => {
    const file = join(folder, 'a.csv')
    writeFileSync(file, '')
    expect(resolvePath('a.csv', folder, 'E_X')).toBe(file)
    expect(resolvePath(file, '/', 'E_X')).toBe(file)
    expect(resolvePath('metabolomics/db/a.csv', folder, 'E_X')).toBe(file)
    expect(resolvePath(pathToFileURL(file).href, '/', 'E_X')).toBe(file)
    expect(resolvePath('package.json', folder, 'E_X')).toBe(join(process.cwd(), 'package.json'))
    expect(thrown(() => resolvePath('b.csv', folder, 'E_X'))).toMatchObject({ code: 'E_X', where: { path: 'b.csv' } })
    expect(thrown(() => resolvePath('cos://b/c', folder, 'E_X'))).toMatchObject({ code: 'E_CONFIG_PATH' })
    expect(thrown(() => resolvePath('.', folder, 'E_X'))).toMatchObject({
      code: 'E_CONFIG_PATH',
      hint: expect.stringContaining('file itself'),
    })
  })

  it('reads JSON', () => {
    writeFileSync(join(folder, 'ok.json'), '{"a":1}')
    writeFileSync(join(folder, 'bad.json'), '{')
    writeFileSync(join(folder, 'bom.json'), '\uFEFF{"a":1}')
    expect(readConfigFile(join(folder, 'bom.json')).config).toEqual({ a: 1 })
    expect(readConfigFile(join(folder, 'ok.json'))).toEqual({ config: { a: 1 }, baseDir: folder })
    expect(thrown(() => readConfigFile(join(folder, 'bad.json')))).toMatchObject({ code: 'E_CONFIG_JSON' })
    expect(thrown(() => readConfigFile(folder))).toMatchObject({ code: 'E_CONFIG_JSON' })
    expect(thrown(() => readConfigFile(join(folder, 'none.json')))).toMatchObject({ code: 'E_CONFIG_MISSING' })
  })
})
