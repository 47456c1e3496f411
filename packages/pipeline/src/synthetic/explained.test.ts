import { describe, expect, it } from 'vitest'
import { proportionInterval } from '../validation/binomial.js'
import { validateTruth } from '../validation/index.js'
import { Explainer } from './explained.js'

describe('what nobody can tell apart', () => {
  // [PC 34:1 + K]+ is in the section.
  const explainer = new Explainer(['C42H82KNO8P'], 1)

  it('is the ion itself', () => {
    expect(explainer.explain('C42H82KNO8P')).toEqual({ kind: 'same', ion: 'C42H82KNO8P' })
    // As METASPACE's modes write it.
    expect(explainer.explain('C42H82NO8PK')).toEqual({ kind: 'same', ion: 'C42H82KNO8P' })
  })

  it('is an isobar within a search window', () => {
    // [PC 36:4 + H]+, m/z 782.5694, and [PC 34:1 + Na]+, m/z 782.5670, are 3.1 ppm apart: outside.
    expect(new Explainer(['C42H82NNaO8P'], 1).explain('C44H81NO8P')).toBeUndefined()
    // 56 Da heavier the same difference is 2.9 ppm: [PC 40:4 + H]+ and [PC 38:1 + Na]+.
    expect(new Explainer(['C46H90NNaO8P'], 1).explain('C48H89NO8P')).toEqual({ kind: 'isobar', ion: 'C46H90NNaO8P' })
  })

  it('is not what shares one peak only, nor what is elsewhere', () => {
    expect(explainer.explain('C42H82NNaO8P')).toBeUndefined()
    expect(explainer.explain('C6H13O6')).toBeUndefined()
  })

  it('knows the charge', () => {
    expect(new Explainer(['C6H11O6'], -1).explain('C6H11O6')?.kind).toBe('same')
  })
})

describe('the report', () => {
  const truth = 'ion_formula,kind,charge,annotatable\nC46H90NNaO8P,compound,1,true\nC48H89NO8P,isobar,1,false\n'
  const hit = (ion_formula: string, fdr: number, adduct: string) => ({
    ion_formula,
    fdr,
    adduct,
    database_path: 'a',
    modifier: '',
  })

  it('counts ions by what they are, whether the truth lists them or not', () => {
    const results = [hit('C46H90NNaO8P', 0, '+Na'), hit('C48H89NO8P', 0.05, '+H'), hit('C6H13O6', 0.08, '+H')]
    const report = validateTruth(results, truth)
    expect(report).toMatchObject({
      annotations: 3,
      falseDiscoveries: 1,
      indistinguishable: 1,
      annotatable: 1,
      recalled: 1,
    })
    // Two annotations of +H at up to 8 %, one of +Na at 0.
    expect(report.estimated).toBeCloseTo((2 * 0.08) / 3, 12)
    const otherOrder = results.map((result) => ({
      ...result,
      ion_formula: result.ion_formula.replace('NNaO8P', 'NO8PNa'),
    }))
    expect(validateTruth(otherOrder, truth)).toEqual(report)
    expect(validateTruth(results, truth.split('\n').slice(0, 2).join('\n'))).toEqual(report)
  })

  it('has the interval of Clopper and Pearson', () => {
    // Known values: 0 of 10, 1 of 10, 5 of 10 at 95 %.
    for (const [k, low, high] of [
      [0, 0, 0.3085],
      [1, 0.0025, 0.445],
      [5, 0.1871, 0.8129],
      [10, 0.6915, 1],
    ] as const) {
      const got = proportionInterval(k, 10)
      expect(got[0]).toBeCloseTo(low, 4)
      expect(got[1]).toBeCloseTo(high, 4)
    }
    expect(proportionInterval(0, 0)).toEqual([0, 1])
  })
})
