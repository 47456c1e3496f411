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
  /** Width (standard deviation) of a peak in Da; required unless there is `metadata`; 0.001238 for a resolving power of 140,000, 0.000693 for 250,000. */
  isocalc_sigma?: number
  /** What METASPACE's submission form asks for: in the place of `isocalc_sigma`, and of `polarity` where it is not given. */
  metadata?: {
    MS_Analysis: {
      Analyzer: string
      Detector_Resolving_Power: { mz: number; Resolving_Power: number }
      Polarity?: 'Positive' | 'Negative'
    }
  }
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

/** Molecules, ions and settings, as METASPACE's service hands them to its pipeline. `database_ids` are paths of CSV files here. */
export interface MetaspaceConfig {
  database_ids: string[]
  /** 1: the original MSM; 3: current numerics, with or without a model. */
  analysis_version: 1 | 3
  isotope_generation: {
    /** `[M]+` and `[M]-` are the bare ion. */
    adducts: string[]
    charge: 1 | -1
    /** Width of a peak in Da at m/z 200. */
    isocalc_sigma: number
    instrument: 'TOF' | 'Orbitrap' | 'FTICR'
    n_peaks?: 4
    neutral_losses?: string[]
    chem_mods?: string[]
  }
  fdr: { decoy_sample_size: number; scoring_model_id?: number | string | null }
  image_generation: { ppm?: number; n_levels?: number; min_px?: number; compute_unused_metrics?: boolean }
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
  /** chaos · spatial · spectral; of an annotation by a METASPACE-ML model the model's score. */
  msm: number
  total_iso_ints: PerIsotope
  min_iso_ints: PerIsotope
  max_iso_ints: PerIsotope
  /** Only in METASPACE's modes. */
  errors?: MassErrorFields
}

/** How far the measured m/z of an ion lies from theory, in Da. */
export interface MassErrorFields {
  /** Mean m/z of the hits of each isotope, weighted with intensity, and its standard deviation. */
  mz_mean: PerIsotope
  mz_stddev: PerIsotope
  /** Error of the first isotope, and mean error of the others beyond it. */
  mz_err_abs: number
  mz_err_rel: number
  /** Theoretical m/z, and intensities in percent of the largest. */
  theo_mz: PerIsotope
  theo_ints: PerIsotope
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
  /** Formula of the ion itself. */
  ion_formula: string
  /** The parts of `modifier`; `''` is none. In Lithops-METASPACE's mode a modifier counts as a neutral loss. */
  chem_mod: string
  neutral_loss: string
}

/** How many annotations have an FDR strictly below each level; in METASPACE's modes at most as high. */
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
  /** Where the calls ran: a stateful stage of the hybrid implementation runs on the virtual machine, where there is one. */
  Where: 'functions' | 'vm'
  /** Of the calls, those that an earlier, broken-off run had finished. */
  Resumed: number
  /** The run whose timeline shows the calls, where the executor keeps one. */
  Run?: string
}

/** What was measured in a range of m/z, summed over all pixels. */
export interface SummedSpectrum {
  /** Mean m/z of each peak weighted with intensity, ascending. */
  mz: Float64Array
  intensity: Float64Array
}

/** A picture to write: of the lightest isotope of an ion. */
export interface Picture {
  formula_i: number
  /** Name of the file below the place of the results. */
  file: string
  /** In colours (viridis), with so many pixels for a pixel; without it 16-bit grey and alpha. */
  scale?: number
}

/** Pictures that are written, and all; seconds so far, and, once some are written, about how many remain. */
export interface PictureProgress {
  done: number
  total: number
  elapsed: number
  remaining?: number
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
