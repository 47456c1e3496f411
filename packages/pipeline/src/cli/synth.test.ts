import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { main } from '../cli.js'
import { parseImzML } from '../imzml/index.js'
import { readCsv } from '../validation/index.js'

const work = mkdtempSync(join(tmpdir(), 'mayfly-synth-'))
afterAll(() => rmSync(work, { recursive: true }))
const out: string[] = []
const err: string[] = []
beforeEach(() => {
  out.length = 0
  err.length = 0
  vi.spyOn(console, 'log').mockImplementation((text) => void out.push(String(text)))
  vi.spyOn(console, 'error').mockImplementation((text) => void err.push(String(text)))
})

const database = join(work, 'db.csv')
writeFileSync(database, ',sf\n0,C6H12O6\n1,C42H82NO8P\n2,C40H80NO8P\n3,C9H11NO2\n')
const file = (folder: string, name = 'section') => parseImzML(readFileSync(join(work, folder, `${name}.imzML`)), name)

describe('synth', () => {
  it('takes molecules from a database, and defects', async () => {
    const folder = join(work, 'defects')
    const options = ['--size', '0.3MB', '--db', database, '--defects', 'offset-origin, zlib', '--name', 'odd']
    expect(await main(['synth', folder, ...options])).toBe(0)
    expect(out.join('\n')).toContain('offset-origin: coordinates begin at 1001')
    const imzml = file('defects', 'odd')
    expect(imzml.mz.zlib).toBe(true)
    expect(Math.min(...imzml.x)).toBeGreaterThan(1000)
    const truth = readCsv(readFileSync(join(folder, 'odd-truth.csv'), 'utf8'), 'truth')
    const formulas = new Set(truth.filter(({ kind }) => kind === 'compound').map(({ formula }) => formula))
    expect(formulas).toEqual(new Set(['C6H12O6', 'C42H82NO8P', 'C40H80NO8P', 'C9H11NO2']))
  })

  it('makes profiles on a TOF', async () => {
    const options = [
      '--size',
      '20 mb',
      '--workers',
      '1',
      '--mode',
      'continuous',
      '--axis',
      'profile',
      '--analyser',
      'TOF',
      '--db',
      database,
    ]
    expect(await main(['synth', join(work, 'profile'), ...options])).toBe(0)
    const imzml = file('profile')
    expect(imzml).toMatchObject({ mode: 'continuous', spectrumType: 'profile', sharedAxis: true })
    const points = imzml.intensity.length[0]!
    expect(points * imzml.count * 4).toBeGreaterThan(12e6)
    expect(points * imzml.count * 4).toBeLessThan(30e6)
  })

  it.each([
    [['--defects', 'typo'], 'E_SYNTH_DEFECT'],
    [['--analyser', 'Quadrupole'], 'E_USAGE'],
    [['--axis', 'profile'], 'E_SYNTH_OPTION'],
    [['--db', 'nowhere.csv'], 'E_USAGE'],
    [['--workers', '0'], 'E_USAGE'],
    [['--size', '60GB'], 'E_SYNTH_SIZE'],
    [['--sizes', '5'], 'Did you mean --size?'],
  ])('refuses %j', async (options, told) => {
    const folder = join(work, 'refused')
    expect(await main(['synth', folder, ...options])).toBe(2)
    expect(err.join('\n')).toContain(told)
    expect(existsSync(folder)).toBe(false)
  })

  it('says when it cannot write', async () => {
    writeFileSync(join(work, 'a-file'), '')
    expect(await main(['synth', join(work, 'a-file'), '--size', '0.2'])).toBe(2)
    expect(err.join('\n')).toContain('E_SYNTH_FOLDER')
  })
})
