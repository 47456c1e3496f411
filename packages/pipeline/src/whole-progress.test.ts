import fc from 'fast-check'
import { expect, it } from 'vitest'
import { expectedTimes } from './expected.js'
import { STAGES, type Stage } from './progress.js'
import { remainingSeconds, type Whole, WholeProgress } from './whole-progress.js'

const SIZES = {
  ...{ molecules: 11_592, candidates: 973_728, ions: 278_208, spectra: 12_830, points: 4.5e6, pixels: 12_830 },
  ...{ copied: 67e6, fetched: 0 },
}
const expected = expectedTimes(SIZES, 2)
const sum = (stages: readonly Stage[]) => stages.reduce((total, stage) => total + expected[stage].wall, 0)
const CALLS = 20

/** A run of stages, each `factor(stage)` times as slow as expected: what was told, beside the seconds that really remained. */
function simulate(
  whole: WholeProgress,
  stages: readonly Stage[],
  factor: (stage: Stage) => number,
): { told: Whole; truth: number; past: number }[] {
  const all = stages.reduce((total, stage) => total + expected[stage].wall * factor(stage), 0)
  const told: { told: Whole; truth: number; past: number }[] = []
  let past = 0
  for (const stage of stages) {
    const took = expected[stage].wall * factor(stage)
    const news = { stage, number: 1, stages: 10, total: CALLS, unit: 'calls', resumed: 0, elapsed: 0 } as const
    for (let done = 0; done <= CALLS; done++) {
      if (done > 0) past += took / CALLS
      const state = done === CALLS ? 'done' : 'running'
      const seen = whole.look({ ...news, done, state }, 5000 + 1000 * past)
      told.push({ told: seen as Whole, truth: all - past, past: past / all })
    }
  }
  return told
}

it('tells what is expected, and is right at once when that is', () => {
  const whole = new WholeProgress()
  whole.foresee(expected, new Set())
  whole.aim('runFdr')
  const told = simulate(whole, STAGES, () => 1)
  expect(told[0]?.told.remaining).toBeCloseTo(sum(STAGES), 6)
  for (const { told: own, truth } of told) expect(Math.abs(own.remaining - truth)).toBeLessThan(0.05 * sum(STAGES))
  expect(told.at(-1)?.told).toEqual({ share: 1, remaining: 0 })
})

it('learns how slow or fast the machine is, never falls back, and does not jump', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1.5, max: 2.5, noNaN: true }),
      fc.array(fc.double({ min: 0.85, max: 1.2, noNaN: true }), { minLength: 10, maxLength: 10 }),
      (log, scatter) => {
        const whole = new WholeProgress()
        whole.foresee(expected, new Set())
        whole.aim('runFdr')
        const told = simulate(whole, STAGES, (stage) => 2 ** log * (scatter[STAGES.indexOf(stage)] as number))
        const all = told[0]?.truth as number
        const worst = { back: 0, jump: 0, wrong: 0 }
        told.slice(1).forEach(({ told: own, truth, past }, i) => {
          const { told: before, truth: truthBefore } = told[i] as (typeof told)[number]
          worst.back = Math.max(worst.back, before.share - own.share)
          // By how much the end that is foreseen moves with one call.
          const moved = Math.abs(own.remaining - truth - (before.remaining - truthBefore))
          worst.jump = Math.max(worst.jump, moved / all)
          if (past > 0.5) worst.wrong = Math.max(worst.wrong, Math.abs(own.remaining - truth) / all)
        })
        expect(worst.back).toBe(0)
        // The worst corners of this space have 0.21 and 0.40.
        expect(worst.jump).toBeLessThan(0.3)
        expect(worst.wrong).toBeLessThan(0.5)
      },
    ),
    { numRuns: 100 },
  )
})

/** Of a stage that has begun. */
const news = {
  number: 1,
  stages: 10,
  state: 'running',
  done: 0,
  total: 0,
  unit: 'calls',
  resumed: 0,
  elapsed: 0,
} as const

it('counts only what somebody waits for, and nothing that is kept', () => {
  const whole = new WholeProgress()
  whole.foresee(expected, new Set<Stage>(['uploadMolecularDatabases', 'buildDatabase', 'calculateCentroids']))
  const ds = ['uploadDataset', 'loadDs', 'splitDs', 'segmentDs'] as const
  expect(whole.look({ ...news, stage: 'segmentDs' }, 0)?.remaining).toBeCloseTo(sum(ds), 6)
  // It runs what it needs on its way; their time is theirs.
  expect(whole.look({ ...news, stage: 'uploadDataset' }, 0)?.remaining).toBeCloseTo(sum(ds), 6)
  for (const stage of ['uploadDataset', 'loadDs', 'splitDs', 'segmentDs'] as const)
    whole.look({ ...news, stage, state: 'done' }, 0)
  const rest = ['segmentCentroids', 'annotate', 'runFdr'] as const
  const left = whole.look({ ...news, stage: 'runFdr' }, 0)
  // All that was seen took no time.
  expect(left?.remaining).toBeLessThan(sum(rest))
  expect(left?.remaining).toBeGreaterThan(0)
})

it('takes what earlier runs needed for a hint, and calls of a broken-off one for done', () => {
  const slow = new WholeProgress()
  slow.foresee(expected, new Set<Stage>(['calculateCentroids']))
  slow.aim('runFdr')
  slow.look({ ...news, stage: 'calculateCentroids' }, 0)
  slow.found('calculateCentroids', 4 * expected.calculateCentroids.work)
  const at = slow.look({ ...news, stage: 'calculateCentroids', state: 'cached' }, 0)
  expect(at?.remaining).toBeGreaterThan(2.5 * (sum(STAGES) - expected.calculateCentroids.wall))

  const resumed = new WholeProgress()
  resumed.foresee(expected, new Set())
  const whole = { ...news, stage: 'annotate', done: 75, total: 100, resumed: 75 } as const
  const before = sum(['calculateCentroids', 'buildDatabase', 'uploadMolecularDatabases', 'segmentCentroids'])
  const dataset = sum(['uploadDataset', 'loadDs', 'splitDs', 'segmentDs'])
  expect(resumed.look(whole, 0)?.remaining).toBeCloseTo(before + dataset + expected.annotate.wall / 4, 6)
})

it('says that a call will take longer when it does', () => {
  const call = (spent: number) => remainingSeconds([{ expected: 8, spent, share: 0 }])
  expect(call(0)).toBe(8)
  expect(call(4)).toBe(4)
  expect(call(8)).toBe(2)
  expect(call(80)).toBe(20)
})

it('says nothing where nothing is known', () => {
  const whole = new WholeProgress()
  expect(whole.look({ ...news, stage: 'annotate' }, 0)).toBeUndefined()
})

it('expects more of larger inputs, and less of more workers', () => {
  const larger = expectedTimes({ ...SIZES, points: 6e7, pixels: 30_000, fetched: 7e8 }, 2)
  for (const stage of STAGES) expect(larger[stage].wall).toBeGreaterThanOrEqual(expected[stage].wall)
  expect(larger.uploadDataset.wall).toBeGreaterThan(10)
  const wide = expectedTimes(SIZES, 100)
  expect(wide.annotate.wall).toBeLessThan(expected.annotate.wall / 10)
  expect(wide.loadDs).toEqual(expected.loadDs)
  expect(expectedTimes(SIZES, 100, true).buildDatabase.wall).toBeGreaterThan(wide.buildDatabase.wall)
})
