/** The steps that depend on the database alone: molecules, ion formulas, isotope patterns. */
import type { CloudObject } from '@mayfly/executor'
import { decoyCandidates } from '../fdr/index.js'
import { isShuffled } from '../search.js'
import type { StageRun } from '../stage-run.js'
import type { Database, FormulaGroup, PeaksChunk } from '../stages/formulas.js'
import type { FormulaPart } from '../stages/ion-collector.js'
import type { Shuffle } from '../stages/shuffled.js'
import { computingPatterns, generating, mergingFormulas, wholeDatabase } from './memory.js'
import {
  adductCalls,
  adductParts,
  candidatesOf,
  formulaGroups,
  hashPartition,
  moleculeCalls,
  patternSlices,
  rangePartition,
  times,
  wholeParts,
} from './plan.js'
import { count, ionsIn, totals } from './sizes.js'
import { Step, StepGroup } from './step.js'

export type Group = FormulaGroup & { firstId: number }
type StoredDatabase = Database & { csv: CloudObject }

export class DatabaseSteps extends StepGroup {
  /** Databases in storage, as columns. */
  readonly databases: Step<StoredDatabase[]> = new Step(this.host, {
    ...{ name: 'databases', stage: 'uploadMolecularDatabases', cache: 'db' },
    input: async () => [(await this.host.inputs.get()).databases.map(({ hash }) => hash), this.#order],
    compute: async (run) => {
      const { databases } = await this.host.inputs.get()
      run.expect(databases.length)
      const items = await Promise.all(
        databases.map(async ({ file, csv }, i) => ({
          csv: await this.host.runner.storage.putCloudObject(csv, { key: `${run.prefix}/${i}.csv` }),
          ...{ file, order: this.#order, key: `${run.prefix}/${i}` },
        })),
      )
      const read = await run.map('readDatabase', items, { vm: this.whole })
      return read.map((database, i) => ({ csv: (items[i] as { csv: CloudObject }).csv, ...database }))
    },
    say: (value) =>
      `Databases: ${count(
        value.reduce((sum, { molecules }) => sum + molecules, 0),
        'molecule',
      )}`,
  })

  /** Ion formulas of molecules × modifiers × adducts and decoy adducts, in groups, numbered. */
  readonly groups: Step<Group[]> = new Step(this.host, {
    ...{ name: 'formulas', stage: 'buildDatabase', cache: 'db' },
    input: async () => {
      const { search, decoys: mark } = this.host.settings
      const hash = await this.databases.hash()
      const modifiers = search.prefixes.map(({ text }) => text)
      return isShuffled(search)
        ? [hash, 'shuffled', this.shuffle()]
        : [hash, search.adducts, modifiers, search.decoys, mark]
    },
    compute: async (run) => numbered(await this.#generate(run, await this.databases.value())),
    say: (value) => `Database: ${count(ionsIn(value), 'ion formula')}`,
  })

  /** Isotope patterns of the marked ions. */
  readonly patterns: Step<PeaksChunk[]> = new Step(this.host, {
    ...{ name: 'patterns', stage: 'calculateCentroids', cache: 'db' },
    input: async () => [await this.groups.hash(), this.#isotopes],
    compute: async (run) => {
      const groups = await this.groups.value()
      const items = groups.flatMap(({ object, sizes, used, firstId }, g) => {
        const rows = sizes.reduce((sum, size) => sum + size, 0)
        const slices = patternSlices(used)
        return times(slices).map((s) => {
          const from = Math.floor((rows * s) / slices)
          const to = Math.floor((rows * (s + 1)) / slices)
          return {
            ...{ group: object, from, to, firstId: firstId + from, settings: this.#isotopes },
            ...{ single: this.host.settings.search.mode !== 'lithops', key: `${run.prefix}/${g}-${s}` },
          }
        })
      })
      run.expect(items.length)
      const rows = Math.max(0, ...groups.map(({ sizes }) => sizes.reduce((sum, size) => sum + size, 0)))
      return run.map('calculatePeaks', items, { memory: computingPatterns(rows, rows) })
    },
    say: (value) => `Centroids: ${count(totals(value).centroids, 'peak')} of ${count(totals(value).ions, 'ion')}`,
  })

  /** Who gets which decoys where they are drawn by shuffling. */
  shuffle(): Shuffle {
    const { mode, adducts, decoys } = this.host.settings.search
    const { neutral_losses: neutralLosses, chem_mods: chemMods } = this.host.settings.database
    return {
      order: mode === 'lithops' ? 'hill' : 'chnops',
      ...{ adducts, neutralLosses, chemMods, sampleSize: decoys, sharedByModifiers: mode === 'metaspace-v3' },
    }
  }

  /** Only METASPACE's modes know targeted databases. */
  keepsAll(targeted: boolean): boolean {
    return targeted && this.host.settings.search.mode !== 'lithops'
  }

  get #order(): 'sorted' | 'file' {
    return this.host.settings.search.mode === 'lithops' ? 'sorted' : 'file'
  }

  get #isotopes() {
    const { mode, sigma, charge, instrument } = this.host.settings.search
    return { mode, sigma, charge, instrument }
  }

  async #generate(run: StageRun, databases: readonly Database[]): Promise<FormulaGroup[]> {
    const { search } = this.host.settings
    const candidates = candidatesOf(
      search,
      databases.reduce((sum, { molecules }) => sum + molecules, 0),
    )
    const groups = formulaGroups(candidates)
    if (this.whole) return this.#atOnce(run, databases, groups, candidates)
    const parts = isShuffled(search)
      ? await this.#byMolecule(run, databases, groups, candidates)
      : await this.#byAdduct(run, databases, groups, candidates)
    return run.map(
      'mergeFormulas',
      times(groups).map((g) => ({
        parts: parts.map((objects) => objects[g] as CloudObject),
        key: `${run.prefix}/group-${g}`,
      })),
      { memory: mergingFormulas(candidates / groups) },
    )
  }

  /** Parts by adduct, numbered by hash: the pure serverless pipeline. */
  #byAdduct(run: StageRun, databases: readonly Database[], groups: number, candidates: number): Promise<FormulaPart[]> {
    const { adducts: targetAdducts, prefixes, decoys } = this.host.settings.search
    const adducts = [...targetAdducts, ...decoyCandidates(targetAdducts)]
    const calls = adductCalls(candidates, adducts.length)
    const parts = adductParts(candidates, calls)
    const partition = hashPartition(
      groups,
      databases.flatMap(({ sample }) => sample),
    )
    run.expect(calls * parts + groups)
    return run.map(
      'generateFormulas',
      times(calls * parts).map((c) => ({
        databases: databases.map(({ object }) => object),
        adducts: adducts.filter((_, a) => a % calls === c % calls),
        modifiers: prefixes.map(({ text }) => text),
        ...{ part: Math.floor(c / calls), parts, targetAdducts, decoys, mark: this.host.settings.decoys },
        ...{ partition, key: `${run.scratch}part-${c}` },
      })),
      { memory: generating(candidates / calls / parts) },
    )
  }

  /** Parts by molecule, numbered by rank. */
  #byMolecule(
    run: StageRun,
    databases: readonly Database[],
    groups: number,
    candidates: number,
  ): Promise<FormulaPart[]> {
    const parts = moleculeCalls(candidates)
    run.expect(parts + groups)
    return run.map(
      'generateShuffled',
      times(parts).map((part) => ({
        ...this.#shuffled(databases, groups),
        part,
        parts,
        key: `${run.scratch}part-${part}`,
      })),
      { memory: generating(candidates / parts) },
    )
  }

  #atOnce(run: StageRun, databases: readonly Database[], groups: number, candidates: number): Promise<FormulaGroup[]> {
    run.expect(1)
    const parts = wholeParts(candidates)
    const memory = wholeDatabase(candidates, candidates / parts, candidates / groups)
    const item = { generate: { ...this.#shuffled(databases, groups), parts }, groups, key: run.prefix }
    return run.call('formulasAtOnce', item, { vm: true, memory })
  }

  #shuffled(databases: readonly Database[], groups: number) {
    return {
      databases: databases.map(({ object }) => object),
      targeted: databases.map(({ targeted }) => this.keepsAll(targeted)),
      shuffle: this.shuffle(),
      partition: rangePartition(
        groups,
        databases.flatMap(({ sample }) => sample),
      ),
    }
  }
}

/** Ions are numbered through all groups. */
function numbered(groups: readonly FormulaGroup[]): Group[] {
  let firstId = 0
  return groups.map((group) => {
    const own = { ...group, firstId }
    firstId += group.sizes.reduce((sum, size) => sum + size, 0)
    return own
  })
}
