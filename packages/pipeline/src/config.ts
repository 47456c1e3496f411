/** Configurations at the border: shape, paths, files. Everything wrong is a typed error before any worker starts. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MayflyError } from '@mayfly/executor/errors'
import { nearest } from '@mayfly/executor/nearest'
import { z } from 'zod'
import { parseComplex } from './formula/index.js'
import { acquisitionSettings, type Instrument } from './isotopes/index.js'
import type { DatabaseConfig, DatasetConfig, MetaspaceConfig } from './types.js'

const path = z.string().min(1)
/** METASPACE's metadata hold much more, of which nothing is needed. */
const metadataSchema = z.looseObject({
  MS_Analysis: z.looseObject({
    Analyzer: z.string(),
    Detector_Resolving_Power: z.looseObject({ mz: z.number().positive(), Resolving_Power: z.number().positive() }),
    Polarity: z.enum(['Positive', 'Negative']).optional(),
  }),
})
const datasetSchema = z.strictObject({
  name: z.string().min(1),
  imzml_path: path,
  ibd_path: path,
  num_decoys: z.number().int().min(1).max(80).optional(),
  polarity: z.enum(['+', '-']).optional(),
  isocalc_sigma: z.number().min(1e-6).max(1).optional(),
  metadata: metadataSchema.optional(),
  metaspace_id: z.string().optional(),
  ignore_uuid: z.boolean().default(false),
})
const databaseSchema = z.strictObject({
  name: z.string().min(1),
  databases: z.array(path),
  adducts: z.array(z.string()).default(['', '+H', '+Na', '+K']),
  modifiers: z.array(z.string()).default(['']),
})
/** METASPACE's own configuration, as its service hands it to the pipeline. */
const metaspaceSchema = z.strictObject({
  database_ids: z.array(path),
  analysis_version: z.union([z.literal(1), z.literal(3)]),
  isotope_generation: z.strictObject({
    adducts: z.array(z.string()),
    charge: z.union([z.literal(1), z.literal(-1)]),
    isocalc_sigma: z.number().min(1e-6).max(1),
    instrument: z.enum(['TOF', 'Orbitrap', 'FTICR']),
    n_peaks: z.literal(4).default(4),
    neutral_losses: z.array(z.string()).default([]),
    chem_mods: z.array(z.string()).default([]),
  }),
  fdr: z.strictObject({
    decoy_sample_size: z.number().int().min(1).max(80),
    scoring_model_id: z.union([z.number(), z.string(), z.null()]).optional(),
  }),
  image_generation: z.strictObject({
    ppm: z.number().positive().max(1000).default(3),
    n_levels: z.number().int().min(1).max(1000).default(30),
    min_px: z.number().int().min(1).default(1),
    compute_unused_metrics: z.boolean().default(false),
  }),
})

export type CheckedDataset = Omit<z.output<typeof datasetSchema>, 'metadata' | 'polarity' | 'isocalc_sigma'> & {
  polarity: '+' | '-'
  isocalc_sigma: number
  /** Only from metadata. */
  instrument?: Instrument
}

/** What METASPACE's configuration says beyond molecules and ions. */
export interface MetaspaceSettings {
  version: 1 | 3
  charge: 1 | -1
  sigma: number
  instrument: 'TOF' | 'Orbitrap' | 'FTICR'
  decoys: number
  ppm: number
  levels: number
  minPx: number
}

/** A database configuration of either kind, with its defaults. */
export interface CheckedDatabase {
  name: string
  databases: string[]
  /** `''`, `[M]+` and `[M]-` are the bare ion. */
  adducts: string[]
  /** Without `''`, which always comes first. Lithops-METASPACE's modifiers are neutral losses here. */
  neutral_losses: string[]
  /** Without `''`. */
  chem_mods: string[]
  /** Only from a configuration of METASPACE. */
  metaspace?: MetaspaceSettings
}

/** What to write instead, for the keys whose values need an explanation. */
const HINTS: Record<string, string> = {
  isocalc_sigma:
    'Give the width of a peak in Da as a number: 0.001238 for a resolving power of 140k, 0.000693 for 250k.',
  num_decoys: 'Give a whole number from 1 to 80; METASPACE uses 20.',
  polarity: 'Write "+" or "-".',
}

const ADDUCT = /^(?:[+-](?:[A-Z][a-z]*[0-9]*)+)+$/

/** @throws MayflyError E_CONFIG_UNKNOWN_KEY, E_CONFIG_VALUE. */
export function checkDatasetConfig(config: DatasetConfig | unknown, where = 'data set configuration'): CheckedDataset {
  const { metadata, polarity, isocalc_sigma: given, ...rest } = checked(datasetSchema, config, where)
  const acquisition = metadata?.MS_Analysis
  const power = acquisition?.Detector_Resolving_Power
  const derived = acquisition && acquisitionSettings(acquisition.Analyzer, power!.Resolving_Power, power!.mz)
  const sigma = given ?? derived?.sigma
  if (sigma === undefined) {
    throw new MayflyError('E_CONFIG_VALUE', `${where}: "isocalc_sigma" is missing`, {
      hint: HINTS.isocalc_sigma as string,
      where: { key: 'isocalc_sigma' },
    })
  }
  return {
    ...{ ...rest, isocalc_sigma: sigma, polarity: polarity ?? (acquisition?.Polarity === 'Negative' ? '-' : '+') },
    ...(derived ? { instrument: derived.instrument } : {}),
  }
}

/**
 * Checks a configuration of Lithops-METASPACE (`databases`, `adducts`, `modifiers`) or of METASPACE (`database_ids`,
 * `isotope_generation` …).
 * @throws MayflyError E_CONFIG_UNKNOWN_KEY, E_CONFIG_VALUE, E_DB_EMPTY, E_ADDUCT_INVALID, E_MODIFIER_INVALID.
 */
export function checkDatabaseConfig(
  config: DatabaseConfig | MetaspaceConfig | unknown,
  where = 'database configuration',
): CheckedDatabase {
  const keys = typeof config === 'object' && config !== null ? Object.keys(config) : []
  const result =
    keys.includes('isotope_generation') || keys.includes('database_ids')
      ? metaspace(config, where)
      : lithops(config, where)
  if (result.databases.length === 0) {
    throw new MayflyError('E_DB_EMPTY', `${where}: no database is named`, { hint: 'Name at least one CSV file.' })
  }
  if (result.adducts.length === 0) {
    throw new MayflyError('E_ADDUCT_INVALID', `${where}: "adducts" is empty`, {
      hint: 'Name at least one adduct, such as "+H".',
    })
  }
  checkSigned(result.adducts, 'adducts', 'E_ADDUCT_INVALID', where)
  checkSigned(result.neutral_losses, result.metaspace ? 'neutral_losses' : 'modifiers', 'E_MODIFIER_INVALID', where)
  checkSigned(result.chem_mods, 'chem_mods', 'E_MODIFIER_INVALID', where)
  return result
}

function lithops(config: unknown, where: string): CheckedDatabase {
  const { modifiers, ...rest } = checked(databaseSchema, config, where)
  if (!modifiers.includes('')) {
    throw new MayflyError('E_MODIFIER_INVALID', `${where}: "modifiers" has no ""`, {
      hint: 'Add "" (no modifier): the unmodified ions are always part of the search.',
      where: { key: 'modifiers' },
    })
  }
  checkTwice(modifiers, 'modifiers', 'E_MODIFIER_INVALID', where)
  return { ...rest, neutral_losses: modifiers.filter((modifier) => modifier !== ''), chem_mods: [] }
}

function metaspace(config: unknown, where: string): CheckedDatabase {
  const {
    database_ids: databases,
    analysis_version: version,
    isotope_generation: ions,
    fdr,
    image_generation: images,
  } = checked(metaspaceSchema, config, where)
  const { adducts, charge, isocalc_sigma: sigma, instrument } = ions
  return {
    ...{ name: databases.map((file) => basename(file)).join(', ') || 'METASPACE', databases, adducts },
    neutral_losses: ions.neutral_losses.filter((loss) => loss !== ''),
    chem_mods: ions.chem_mods.filter((chemMod) => chemMod !== ''),
    metaspace: {
      ...{ version, charge, sigma, instrument, decoys: fdr.decoy_sample_size },
      ...{ ppm: images.ppm, levels: images.n_levels, minPx: images.min_px },
    },
  }
}

function checkSigned(values: readonly string[], key: string, code: string, where: string): void {
  for (const value of values) {
    if (key === 'adducts' && /^(\[M\][+-])?$/.test(value)) continue
    if (!ADDUCT.test(value)) {
      throw new MayflyError(code, `${where}: "${value}" in "${key}" is not a signed formula`, {
        hint: 'Write +H, -H2O, +CH3CN, or "" for none.',
        where: { key, value },
      })
    }
    checkElements(value, key, code, where)
  }
  checkTwice(values, key, code, where)
}

function checkTwice(values: readonly string[], key: string, code: string, where: string): void {
  if (new Set(values).size === values.length) return
  throw new MayflyError(code, `${where}: "${key}" holds a value twice`, { hint: 'Name each once.', where: { key } })
}

/** Parts of a modifier are formulas of known elements; anything else would silently find nothing. */
function checkElements(value: string, key: string, code: string, where: string): void {
  for (const part of value.split(/[+-]/).filter((text) => text !== '')) {
    try {
      parseComplex(part)
    } catch (cause) {
      throw new MayflyError(code, `${where}: "${value}" in "${key}": ${(cause as Error).message}`, {
        hint: 'Use symbols of the periodic table, as in +Na or -H2O.',
        where: { key, value },
        cause,
      })
    }
  }
}

function checked<T extends z.ZodObject>(schema: T, value: unknown, where: string): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0] as z.core.$ZodIssue
  if (issue.code === 'unrecognized_keys') {
    const key = String(issue.keys[0])
    const near = nearest(key, Object.keys(schema.shape))
    throw new MayflyError('E_CONFIG_UNKNOWN_KEY', `${where}: unknown key "${key}"`, {
      hint: near ? `Did you mean "${near}"?` : `Known keys are ${Object.keys(schema.shape).join(', ')}.`,
      where: { key },
    })
  }
  const key = issue.path.join('.')
  throw new MayflyError('E_CONFIG_VALUE', `${where}: ${key ? `"${key}": ` : ''}${issue.message}`, {
    hint: HINTS[key] ?? (key ? `Correct "${key}".` : 'Expected a JSON object.'),
    where: { key },
  })
}

/**
 * The file a path in a configuration means: `file://` URL, absolute, relative to `baseDir`, relative to the current folder, or
 * (for configurations that were moved together with their files) of the same name in `baseDir`; whichever exists first.
 * @throws MayflyError with `missing` as its code when there is no such file; E_CONFIG_PATH for other URLs and
 * for what is no file.
 */
export function resolvePath(written: string, baseDir: string, missing: string): string {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written) && !written.startsWith('file://')) {
    throw new MayflyError('E_CONFIG_PATH', `"${written}": only local files can be read`, {
      hint: 'Download it and give the path of the local file.',
      where: { path: written },
    })
  }
  const plain = written.startsWith('file://') ? fileURLToPath(written) : written
  const places = isAbsolute(plain)
    ? [plain]
    : [resolve(baseDir, plain), resolve(plain), resolve(baseDir, basename(plain))]
  const candidates = [...new Set(places)]
  const found = candidates.find((candidate) => existsSync(candidate))
  if (found !== undefined && statSync(found).isFile()) return found
  if (found !== undefined) {
    throw new MayflyError('E_CONFIG_PATH', `${found} is not a file`, {
      hint: 'Give the path of the file itself, not of its folder.',
      where: { path: written },
    })
  }
  throw new MayflyError(missing, `no such file: ${candidates.join(' or ')}`, {
    hint: 'Check the path in the configuration; relative paths start at the configuration file or the current folder.',
    where: { path: written },
  })
}

/**
 * Reads a JSON configuration; `baseDir` is where its relative paths start.
 * @throws MayflyError E_CONFIG_MISSING, E_CONFIG_JSON (also for what cannot be read).
 */
export function readConfigFile(file: string): { config: unknown; baseDir: string } {
  if (!existsSync(file)) {
    throw new MayflyError('E_CONFIG_MISSING', `no such file: ${file}`, { hint: 'Check the path.', where: { file } })
  }
  try {
    return { config: JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')), baseDir: dirname(resolve(file)) }
  } catch (cause) {
    throw new MayflyError('E_CONFIG_JSON', `${file}: ${(cause as Error).message}`, {
      hint: 'Correct the JSON; comments and trailing commas are not allowed.',
      where: { file },
      cause,
    })
  }
}
