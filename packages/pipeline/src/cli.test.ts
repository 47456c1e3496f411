import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { main } from '@mayfly/pipeline/cli'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { writeCbm } from './scoring/fixtures/write-cbm.js'

const fixture = fileURLToPath(new URL('./fixtures/section/', import.meta.url))
const work = mkdtempSync(join(tmpdir(), 'mayfly-cli-'))
const home = process.env.MAYFLY_HOME
let out: string[] = []
let err: string[] = []

beforeAll(() => {
  process.env.MAYFLY_HOME = join(work, 'home')
})
afterAll(() => {
  if (home === undefined) delete process.env.MAYFLY_HOME
  else process.env.MAYFLY_HOME = home
  rmSync(work, { recursive: true, force: true })
})
beforeEach(() => {
  out = []
  err = []
  vi.spyOn(console, 'log').mockImplementation((line) => void out.push(String(line)))
  vi.spyOn(console, 'error').mockImplementation((line) => void err.push(String(line)))
})
afterEach(() => vi.restoreAllMocks())

describe('annotate', () => {
  it('writes results and images', async () => {
    const folder = join(work, 'out')
    expect(await main(['annotate', join(fixture, 'ds.json'), join(fixture, 'db.json'), folder, '--workers', '2'])).toBe(
      0,
    )
    const [head, ...lines] = readFileSync(join(folder, 'results.csv'), 'utf8').trim().split('\n')
    expect(head).toBe(
      'formula_i,fdr,mol,database_path,adduct,modifier,chaos,spatial,spectral,msm,total_iso_ints,min_iso_ints,max_iso_ints,full_mol',
    )
    const rates = lines.map((line) => Number(line.split(',')[1]))
    expect(rates).toEqual([...rates].sort((a, b) => a - b))
    expect(readdirSync(join(folder, 'images')).length).toBe(rates.filter((fdr) => fdr <= 0.5).length)
    expect(out.some((line) => /^ +\d+\.\d s {2}Centroids: /.test(line))).toBe(true)
    const table = out.find((line) => line.startsWith('Function'))!.split('\n')
    expect(table.find((line) => line.startsWith('annotateSegment'))).toMatch(
      /^annotateSegment +5 +1024 +\d+\.\d{3} +0\.\d{6} +5 {2}functions {2}no$/,
    )
    const statistics = JSON.parse(readFileSync(join(folder, 'statistics.json'), 'utf8'))
    expect(statistics).toMatchObject({ mode: 'lithops', impl: 'serverless', totalCost: expect.any(Number) })
    expect(statistics.stages[0]).toMatchObject({ Function: 'readDatabase', Run: expect.any(String) })
  })

  it('uses the cache, unless told not to, and writes nothing when told so', async () => {
    const args = ['annotate', join(fixture, 'ds.json'), join(fixture, 'db.json')]
    expect(await main([...args, '--no-output'])).toBe(0)
    expect(out.filter((line) => line.endsWith('loaded from cache')).length).toBe(10)
    out = []
    expect(await main([...args, join(work, 'none'), '--no-output', '--no-cache'])).toBe(0)
    expect(out.filter((line) => line.endsWith('loaded from cache'))).toEqual([])
    expect(existsSync(join(work, 'none'))).toBe(false)
  })

  it('runs the hybrid implementation, and says so', async () => {
    const folder = join(work, 'hybrid')
    const args = ['annotate', join(fixture, 'ds.json'), join(fixture, 'db.json'), folder, '--impl', 'hybrid']
    expect(await main(args)).toBe(0)
    const { impl, stages } = JSON.parse(readFileSync(join(folder, 'statistics.json'), 'utf8'))
    expect(impl).toBe('hybrid')
    expect(stages.filter((row: { Where: string }) => row.Where === 'vm').length).toBeGreaterThan(1)
    expect(out.join('\n')).toContain('Implementation hybrid; estimated cost')
  })

  it('writes Parquet and compares with a reference', async () => {
    const args = ['annotate', join(fixture, 'ds.json'), join(fixture, 'db.json')]
    const reference = join(work, 'out', 'results.csv')
    const folder = join(work, 'validated')
    expect(await main([...args, folder, '--parquet', '--validate', reference])).toBe(0)
    expect(JSON.parse(readFileSync(join(folder, 'validation.json'), 'utf8'))).toMatchObject({ ok: true, missing: [] })
    expect(readFileSync(join(folder, 'results.parquet')).subarray(0, 4).toString()).toBe('PAR1')
    const other = join(work, 'other.csv')
    writeFileSync(other, 'mol,adduct,chaos,spatial,spectral,msm,fdr\nC6H6,+H,1,1,1,1,0\n')
    expect(await main([...args, '--no-output', '--validate', other])).toBe(1)
    expect(out.join('\n')).toContain('| missing rows | 1 | 0 | FAIL |')
    expect(await main([...args, '--no-output', '--validate', join(work, 'none.csv')])).toBe(2)
    expect(err.join('\n')).toContain('E_VALIDATE_MISSING')
  })

  it("annotates by METASPACE's rules, with a model", async () => {
    const model = join(work, 'model.cbm')
    const stump = { depth: [1], splitFeature: [0], splitBorder: [0.5], leaves: [0.25, 0.75], nanIsHigh: [0] }
    writeFileSync(
      model,
      writeCbm({
        ...{ features: ['spatial'], scale: 1, bias: 0 },
        depth: Int32Array.from(stump.depth),
        splitFeature: Uint16Array.from(stump.splitFeature),
        splitBorder: Float32Array.from(stump.splitBorder),
        leaves: Float64Array.from(stump.leaves),
        nanIsHigh: Uint8Array.from(stump.nanIsHigh),
      }),
    )
    const args = ['annotate', join(fixture, 'ds.json'), join(fixture, 'db.json')]
    const folder = join(work, 'v3')
    expect(await main([...args, folder, '--mode', 'metaspace-v3', '--model', model])).toBe(0)
    const [head, ...lines] = readFileSync(join(folder, 'results.csv'), 'utf8').trim().split('\n')
    const column = (name: string) => lines.map((line) => Number(line.split(',')[head!.split(',').indexOf(name)]))
    expect(lines.length).toBeGreaterThan(5)
    expect(column('msm')).toEqual(column('spatial').map((spatial) => (spatial > 0.5 ? 0.75 : 0.25)))
    expect(head).toContain('mz_err_abs,mz_err_rel,msm,fdr,total_iso_ints_0')
  })

  it.each([
    [['--mode', 'metaspace'], 'E_CONFIG_VALUE: option "mode"'],
    [['--impl', 'cloud'], 'E_CONFIG_VALUE: option "impl"'],
    [['--backend', 'aws_lamda'], "Did you mean 'aws_lambda'?"],
    [['--storage', 'nowhere'], 'E_CONFIG_STORAGE'],
    [['--vm-backend', 'nowhere'], 'E_CONFIG'],
    [['--worker', '2'], 'E_USAGE: unknown option --worker. Did you mean --workers?'],
    [['--workers', '1.5'], 'E_USAGE: --workers needs a whole number from 1'],
    [['--no-cache=yes'], 'E_USAGE'],
    [['--mode'], 'E_USAGE'],
    [['--model', 'none.cbm'], 'E_MODEL_MISSING'],
    [['--model', join(fixture, 'ds.json')], 'E_MODEL_INVALID'],
  ])('refuses %j before it starts', async (options, problem) => {
    const args = ['annotate', join(fixture, 'ds.json'), join(fixture, 'db.json'), '--no-output', ...options]
    expect(await main(args)).toBe(2)
    expect(err.join('\n')).toContain(problem)
  })

  it('tells warnings on stderr', async () => {
    const negative = join(work, 'negative.json')
    const config = JSON.parse(readFileSync(join(fixture, 'ds.json'), 'utf8'))
    for (const key of ['imzml_path', 'ibd_path']) config[key] = join(fixture, config[key])
    writeFileSync(negative, JSON.stringify({ ...config, polarity: '-' }))
    expect(await main(['annotate', negative, join(fixture, 'db.json'), '--no-output'])).toBe(0)
    expect(err).toEqual([expect.stringMatching(/^W_POLARITY: .* says positive/)])
    expect(out.join()).not.toContain('W_')
  })

  it('says what is wrong with the input and ends with 2', async () => {
    const bad = join(work, 'bad.json')
    writeFileSync(bad, JSON.stringify({ name: 'x', imzml_path: 'no.imzML', ibd_path: 'no.ibd', isocalc_sigma: 0.001 }))
    expect(await main(['annotate', bad, join(fixture, 'db.json'), work])).toBe(2)
    expect(err.join('\n')).toMatch(/^E_IMZML_MISSING: no such file: .*no\.imzML.*\n +→ Check the path/)
    expect(await main(['annotate', join(work, 'none.json'), bad, work])).toBe(2)
    writeFileSync(bad, JSON.stringify({ name: 'x', databases: [work] }))
    expect(await main(['annotate', join(fixture, 'ds.json'), bad, work])).toBe(2)
    expect(err.at(-1)).toMatch(/^E_CONFIG_PATH/)
    expect(await main(['annotate', bad])).toBe(2)
    expect(await main(['annotate', bad, bad, work, '--wrong'])).toBe(2)
    expect(await main(['annotate', bad, bad, work, '--workers', 'many'])).toBe(2)
  })
})

describe('the output folder', () => {
  const run = (folder: string) => main(['annotate', join(fixture, 'ds.json'), join(fixture, 'db.json'), folder])

  it('loses the images of an earlier run, and nothing else', async () => {
    const folder = join(work, 'again')
    expect(await run(folder)).toBe(0)
    const before = readdirSync(join(folder, 'images')).sort()
    const table = readFileSync(join(folder, 'results.csv'), 'utf8')
    const [first, second] = table.split('\n').slice(1)
    writeFileSync(join(folder, 'images', 'mine.png'), '')
    writeFileSync(join(folder, 'images', 'C1H1+H.png'), '')
    writeFileSync(
      join(folder, 'results.csv'),
      `${table.split('\n')[0]}\n${first!.replace(/[^,]*$/, 'C1H1+H')}\n${second}\n`,
    )
    expect(await run(folder)).toBe(0)
    expect(readdirSync(join(folder, 'images')).sort()).toEqual([...before, 'mine.png'].sort())
    expect(readFileSync(join(folder, 'results.csv'), 'utf8')).toBe(table)
    expect(readdirSync(folder).sort()).toEqual(['images', 'results.csv', 'statistics.json'])
  })

  it('is refused before anything runs when nothing can be written there', async () => {
    const file = join(work, 'file')
    writeFileSync(file, '')
    expect(await run(join(file, 'below'))).toBe(2)
    expect(err.join('\n')).toMatch(/^E_OUTPUT: cannot write into .*file.below/)
    if (process.platform === 'linux') expect(await run('/proc/none')).toBe(2)
    expect(out).toEqual([])
  })
})

describe('isotopes', () => {
  it('prints patterns as JSON', async () => {
    expect(await main(['isotopes', 'C6H13O6', 'Xx2'])).toBe(1)
    const [glucose, none] = JSON.parse(out.join('\n'))
    expect(glucose.mz[0]).toBeCloseTo(181.0706253136638, 9)
    expect(glucose.ints[1]).toBeCloseTo(6.6833010527657954, 9)
    expect(none).toEqual({ formula: 'Xx2', mz: null, ints: null })
    expect(err.join('\n')).toMatch(/^E_FORMULA_ELEMENT: Xx2: unknown element Xx at position 1/)
  })

  it('names the option that was meant', async () => {
    expect(await main(['isotopes', '--sigm', '0.001', 'C'])).toBe(2)
    expect(err.join()).toContain('unknown option --sigm. Did you mean --sigma?')
  })

  it('takes settings', async () => {
    expect(
      await main([
        'isotopes',
        '--mode',
        'metaspace-v3',
        '--instrument',
        'Orbitrap',
        '--sigma',
        '0.001238',
        '--charge',
        '1',
        'C6H13O6',
      ]),
    ).toBe(0)
    expect(JSON.parse(out.join('\n'))[0].mz[0]).toBeCloseTo(181.07069009342536, 7)
    // One line for all modes: those that know no instruments pass over it.
    for (const mode of ['lithops', 'metaspace-v1']) {
      out.length = 0
      expect(await main(['isotopes', '--mode', mode, '--instrument', 'FTICR', 'C6H13O6'])).toBe(0)
      expect(JSON.parse(out.join('\n'))[0].mz[0]).toBeCloseTo(181.0706253136638, 7)
    }
    expect(await main(['isotopes', '--charge', '-1', 'C6H11O6'])).toBe(0)
    expect(await main(['isotopes', '--charge=-1', 'C6H11O6'])).toBe(0)
    expect(await main(['isotopes', '--mode', 'metaspace-v3', 'C3H13O6Cx3', 'Cx6'])).toBe(1)
    expect(await main(['isotopes', '--charge', '0', 'C'])).toBe(2)
    expect(await main(['isotopes', '--mode', 'other', 'C'])).toBe(2)
    expect(await main(['isotopes', '--sigma', 'wide', 'C'])).toBe(2)
    expect(await main(['isotopes', '--instrument', 'Astral', 'C'])).toBe(2)
    expect(await main(['isotopes', 'C', '--charge'])).toBe(2)
    expect(err.join('\n')).toContain("'--charge <value>' argument missing")
    expect(await main(['isotopes'])).toBe(2)
  })
})

describe('the rest', () => {
  it('shows how it is used', async () => {
    expect(await main(['--help'])).toBe(0)
    expect(out.join()).toContain('mayfly annotate DS.json DB.json OUTDIR')
    expect(await main(['anotate'])).toBe(2)
    expect(err.join()).toContain('unknown command "anotate"')
  })
})

describe('synth', () => {
  it('makes a data set of about the size asked for', async () => {
    expect(await main(['synth', join(work, 'synth'), '--size', '0.5MB', '--polarity', '-', '--seed', '7'])).toBe(0)
    expect(readdirSync(join(work, 'synth')).sort()).toEqual(['section-truth.csv', 'section.ibd', 'section.imzML'])
    const size = readFileSync(join(work, 'synth/section.ibd')).length
    expect(size > 0.35e6 && size < 0.7e6).toBe(true)
  })

  it.each([[['--size', 'x']], [['--mode', 'flat']], [['--seed', '-1']], [['--name', '../x']], [[]]])(
    'refuses %j',
    async (options) => {
      const folder = options.length === 0 ? [] : [join(work, 'refused')]
      expect(await main(['synth', ...folder, ...options])).toBe(2)
      expect(existsSync(join(work, 'refused'))).toBe(false)
    },
  )
})
