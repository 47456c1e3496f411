/** The pipeline's vocabulary, free of Node so that the web page can use it: configurations, results, statistics. */

/** A data set, as Lithops-METASPACE's `ds_config*.json` has it. Paths: see the README. */
export interface DatasetConfig {
  /** Title; also names the data set in messages. */
  name: string
  imzml_path: string
  ibd_path: string
  /** Decoy adducts for each molecule, 1 to 80. Default: all that are not targets. */
  num_decoys?: number
  /** Default `+`. */
  polarity?: '+' | '-'
  /** Width (standard deviation) of a peak in Da; 0.001238 for a resolving power of 140,000, 0.000693 for 250,000. */
  isocalc_sigma: number
  /** Identifier on metaspace2020.eu; not used for computing. */
  metaspace_id?: string
  /** Take an ibd whose UUID is not the one in the imzML. Default false. */
  ignore_uuid?: boolean
}

/** Molecules and the ions to look for, as Lithops-METASPACE's `db_config*.json` has it. */
export interface DatabaseConfig {
  name: string
  /** CSV files with a column `sf`. */
  databases: string[]
  /** Default `["", "+H", "+Na", "+K"]`; `""` is the bare ion [M]+. */
  adducts?: string[]
  /** Neutral losses and other changes, such as `-H2O`; must hold `""` for none. Default `[""]`. */
  modifiers?: string[]
}

/** Four values, one for each isotope image, lightest first. */
export type PerIsotope = [number, number, number, number]

/** Scores and intensities of one ion with msm > 0. */
export interface IonMetrics {
  /** Number of the ion among all ions of the database, decoys included. */
  formula_i: number
  /** Measure of chaos of the lightest isotope's image, 0 to 1. */
  chaos: number
  /** Image correlation, 0 to 1. */
  spatial: number
  /** Isotope pattern match, 0 to 1. */
  spectral: number
  /** chaos · spatial · spectral. */
  msm: number
  total_iso_ints: PerIsotope
  min_iso_ints: PerIsotope
  max_iso_ints: PerIsotope
}

/** One annotation: a molecule of a database with a modifier and an adduct, its scores and its false discovery rate. */
export interface Annotation extends IonMetrics {
  fdr: number
  mol: string
  database_path: string
  adduct: string
  modifier: string
  /** mol + modifier + adduct. */
  full_mol: string
}

/** How many annotations have an FDR strictly below each level. */
export interface FdrCounts {
  '5%': number
  '10%': number
  '20%': number
  '50%': number
}

/** One row of the statistics of a pipeline: a function that was mapped. */
export interface StatsRow {
  Function: string
  /** Calls. */
  Actions: number
  /** MB asked for each call. */
  Memory: number
  /** Mean seconds of a call. */
  AvgRuntime: number
  /** US dollars: actions · seconds · GB · 0.000017. */
  Cost: number
  /** Objects written to storage. */
  CloudObjects: number
  /** The results came from the cache: the row tells what they cost when they were made. */
  Cached: boolean
}

/** Image of one isotope of an ion, dense and row-major. */
export interface IonImage {
  formula_i: number
  full_mol: string
  /** 0 is the lightest isotope. */
  isotope: number
  width: number
  height: number
  values: Float64Array
  /** 1 where the data set has a spectrum. */
  mask: Uint8Array
}
