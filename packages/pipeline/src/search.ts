/**
 * What is searched for and by whose rules: the configurations of Lithops-METASPACE and of METASPACE brought to one form, with every
 * default filled in. Pure.
 */
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'
import type { CheckedDatabase, CheckedDataset } from './config.js'
import { decoyCandidates, type Prefix, prefixesOf } from './fdr/index.js'
import type { Instrument, IsotopeMode } from './isotopes/index.js'

/**
 * Whose annotations are reproduced: `lithops` (Lithops-METASPACE), `metaspace-v1` (METASPACE's original MSM), `metaspace-v3` (its
 * current numerics, with or without a METASPACE-ML model).
 */
export type Mode = IsotopeMode

/**
 * Where stateful stages run. `serverless`: as maps, like all others. `hybrid`: building the database, reading and segmenting the data
 * set, and the rates are one call each with a large memory, on the second executor. In the mode `lithops` they also draw decoys
 * differently, as in Lithops-METASPACE, so their rates differ; in METASPACE's modes the results are the same.
 */
export type Implementation = 'serverless' | 'hybrid'

export interface Search {
  mode: Mode
  impl: Implementation
  /** Signed formulas; `''`, in METASPACE's modes `[M]+` or `[M]-`, is the bare ion. */
  adducts: string[]
  prefixes: Prefix[]
  /** Decoys for each target ion. */
  decoys: number
  /** +1 or −1. */
  charge: number
  /** Width of a peak in Da. */
  sigma: number
  instrument: Instrument
  /** Half width of a hit window in parts per million. */
  ppm: number
  /** Levels of the measure of chaos. */
  levels: number
  /** An image needs at least this many hits. */
  minPx: number
}

/** What a caller may choose beside the configurations. */
export interface SearchOptions {
  /** Default: `metaspace-v1` or `-v3` for a configuration of METASPACE by its `analysis_version`, else `lithops`. */
  mode?: Mode
  /** Default `auto`: `hybrid` where there is a second executor, else `serverless`. */
  impl?: Implementation | 'auto'
  /** The second executor, of which only matters here whether there is one. */
  vmExecutor?: object
  /** Default: the configuration's, else `Orbitrap`. Only `metaspace-v3` asks for it. */
  instrument?: Instrument
  ppm?: number
  levels?: number
}

const optionsSchema = z.object({
  mode: z.enum(['lithops', 'metaspace-v1', 'metaspace-v3']).optional(),
  impl: z.enum(['serverless', 'hybrid', 'auto']).optional(),
  instrument: z.enum(['TOF', 'Orbitrap', 'FTICR']).optional(),
  ppm: z.number().positive().max(1000).optional(),
  levels: z.number().int().min(1).max(1000).optional(),
})

const METASPACE_DECOYS = 20

/** @throws MayflyError E_CONFIG_VALUE for an option, E_DECOYS when more decoys are asked for than there are. */
export function searchOf(dataset: CheckedDataset, database: CheckedDatabase, options: SearchOptions = {}): Search {
  checkOptions(options)
  const { metaspace } = database
  const mode = options.mode ?? (metaspace ? (metaspace.version === 1 ? 'metaspace-v1' : 'metaspace-v3') : 'lithops')
  const late = mode !== 'lithops'
  const bare = dataset.polarity === '+' ? '[M]+' : '[M]-'
  const adducts = database.adducts.map((adduct) => (isBare(adduct) ? (late ? bare : '') : adduct))
  const { chem_mods: chemMods, neutral_losses: losses } = database
  const prefixes = prefixesOf(chemMods, losses)
  const others = late ? [...chemMods, ...losses] : []
  const most = decoyCandidates([...adducts, ...others]).length
  return {
    ...{ mode, adducts, prefixes },
    impl: implementationOf(options),
    decoys: decoysOf(metaspace?.decoys ?? dataset.num_decoys ?? (late ? METASPACE_DECOYS : most), most, late),
    charge: metaspace?.charge ?? (dataset.polarity === '+' ? 1 : -1),
    sigma: Number((metaspace?.sigma ?? dataset.isocalc_sigma).toFixed(6)),
    instrument: options.instrument ?? metaspace?.instrument ?? dataset.instrument ?? 'Orbitrap',
    ppm: options.ppm ?? metaspace?.ppm ?? 3,
    levels: options.levels ?? metaspace?.levels ?? 30,
    minPx: metaspace?.minPx ?? 1,
  }
}

/** Whether decoys are drawn by shuffling: everywhere but in the pure serverless pipeline. */
export function isShuffled({ mode, impl }: Pick<Search, 'mode' | 'impl'>): boolean {
  return mode !== 'lithops' || impl === 'hybrid'
}

function implementationOf({ impl = 'auto', vmExecutor }: SearchOptions): Implementation {
  if (impl !== 'auto') return impl
  return vmExecutor ? 'hybrid' : 'serverless'
}

/** Names of the bare ion in either kind of configuration. */
export function isBare(adduct: string): boolean {
  return adduct === '' || adduct === '[M]+' || adduct === '[M]-'
}

/** METASPACE takes what there is; Lithops-METASPACE's rankings need as many as were asked for. */
function decoysOf(wanted: number, most: number, late: boolean): number {
  if (wanted <= most) return wanted
  if (late) return most
  throw new MayflyError('E_DECOYS', `"num_decoys" is ${wanted}, but only ${most} decoy adducts are not targets`, {
    hint: 'Set num_decoys to 20, as METASPACE does.',
    where: { key: 'num_decoys' },
  })
}

function checkOptions(options: SearchOptions): void {
  const { error } = optionsSchema.safeParse(options)
  if (!error) return
  const [issue] = error.issues
  const key = issue!.path.join('.')
  throw new MayflyError('E_CONFIG_VALUE', `option "${key}": ${issue!.message}`, {
    hint: `Correct "${key}", or leave it out for its default.`,
    where: { key },
  })
}
