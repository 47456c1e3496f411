/** From the tables of the last stages to annotations, counts and images. */
import type { CloudObject } from '@mayfly/executor'
import type { ColumnReader } from './columns.js'
import type { Prefix } from './fdr/index.js'
import type { MetricsColumns } from './stages/annotation.js'
import { getTable, openTable, type StageContext } from './stages/context.js'
import type { Rates } from './stages/rates.js'
import type { Annotation, FdrCounts, IonImage, IonMetrics, MassErrorFields, PerIsotope } from './types.js'

/** FDR of the targets of one database, modifier and adduct. */
export interface RatesOf {
  database: string
  prefix: Prefix
  adduct: string
  rates: Rates
}

const four = (values: Float64Array, row: number) => [...values.subarray(4 * row, 4 * row + 4)] as PerIsotope

/** Scores of a row of the metrics table. */
export function metricsAt(metrics: MetricsColumns, row: number): IonMetrics {
  return {
    formula_i: metrics.formula_i[row] as number,
    chaos: metrics.chaos[row] as number,
    spatial: metrics.spatial[row] as number,
    spectral: metrics.spectral[row] as number,
    msm: metrics.msm[row] as number,
    total_iso_ints: four(metrics.total, row),
    min_iso_ints: four(metrics.min, row),
    max_iso_ints: four(metrics.max, row),
    ...(metrics.mz_err_abs.length === 0 ? {} : { errors: errorsAt(metrics, row) }),
  }
}

function errorsAt(metrics: MetricsColumns, row: number): MassErrorFields {
  return {
    mz_mean: four(metrics.mz_mean, row),
    mz_stddev: four(metrics.mz_stddev, row),
    mz_err_abs: metrics.mz_err_abs[row] as number,
    mz_err_rel: metrics.mz_err_rel[row] as number,
    theo_mz: four(metrics.theo_mz, row),
    theo_ints: four(metrics.theo_ints, row),
  }
}

/** Annotations by ascending FDR, then descending MSM, then name. */
export function joinResults(metrics: MetricsColumns, rated: readonly RatesOf[]): Annotation[] {
  const rowOf = new Map(Array.from(metrics.formula_i, (id, row) => [id, row]))
  const annotations = rated.flatMap(({ database, prefix, adduct, rates }) =>
    rates.mol.map((mol, i): Annotation => {
      const row = rowOf.get(rates.formula_i[i] as number) as number
      return {
        ...metricsAt(metrics, row),
        msm: rates.score[i] as number,
        fdr: rates.fdr[i] as number,
        mol,
        database_path: database,
        adduct,
        modifier: prefix.text,
        full_mol: mol + prefix.text + adduct,
        ion_formula: metrics.ion[row] as string,
        chem_mod: prefix.chemMod,
        neutral_loss: prefix.neutralLoss,
      }
    }),
  )
  return annotations.sort((a, b) => a.fdr - b.fdr || b.msm - a.msm || (a.full_mol < b.full_mol ? -1 : 1))
}

/**
 * Numbers of annotations with an FDR strictly below 5, 10, 20 and 50 %, as Lithops-METASPACE tells them; with `inclusive` of at most
 * that, as METASPACE does, whose v1 rounds rates up to these very levels.
 */
export function countByFdr(annotations: readonly Annotation[], inclusive = false): FdrCounts {
  const below = (level: number) => annotations.filter(({ fdr }) => fdr < level || (inclusive && fdr === level)).length
  return { '5%': below(0.05), '10%': below(0.1), '20%': below(0.2), '50%': below(0.5) }
}

/** The table with which images are found again. */
export interface ImageSource {
  metrics: MetricsColumns
  /** Objects of the annotated segments, as `metrics.part` counts them. */
  parts: CloudObject[]
  width: number
  height: number
  mask: Uint8Array
}

/** Ions whose images are read side by side. */
const AT_A_TIME = 32

/** Reads isotope images of ions by their number, with range requests; ions without a row are left out. */
export async function readImages(
  source: ImageSource,
  wanted: readonly { formula_i: number; full_mol: string }[],
  isotopes: readonly number[],
  ctx: StageContext,
): Promise<IonImage[]> {
  const { metrics, parts, width, height, mask } = source
  const rowOf = new Map(Array.from(metrics.formula_i, (id, row) => [id, row]))
  const tables = new Map<number, Promise<ColumnReader>>()
  const tableOf = (part: number) => {
    const known = tables.get(part) ?? openTable(ctx.storage, parts[part] as CloudObject)
    tables.set(part, known)
    return known
  }
  const read = async ({ formula_i, full_mol }: (typeof wanted)[number]): Promise<IonImage[]> => {
    const row = rowOf.get(formula_i)
    if (row === undefined) return []
    const table = await tableOf(metrics.part[row] as number)
    return Promise.all(
      isotopes.map(async (isotope) => {
        const sparse = await readPlane(table, metrics.row[row] as number, isotope)
        const values = new Float64Array(width * height)
        sparse.pixels.forEach((pixel, i) => {
          values[pixel] = sparse.values[i] as number
        })
        return { formula_i, full_mol, isotope, width, height, values, mask }
      }),
    )
  }
  const images: IonImage[] = []
  for (let at = 0; at < wanted.length; at += AT_A_TIME) {
    images.push(...(await Promise.all(wanted.slice(at, at + AT_A_TIME).map(read))).flat())
  }
  return images
}

/** The touched pixels of an isotope image and their intensities, from a row of an annotated segment. */
export async function readPlane(
  table: ColumnReader,
  row: number,
  isotope: number,
): Promise<{ pixels: Uint32Array; values: Float64Array }> {
  const at = 4 * row + isotope
  const [from, to] = (await table.slice<Uint32Array>('imageStart', at, at + 2)) as unknown as [number, number]
  const [pixels, values] = await Promise.all([
    table.slice<Uint32Array>('pixel', from, to),
    table.slice<Float64Array>('value', from, to),
  ])
  return { pixels, values }
}

/** Mask of a data set from its list of sampled pixels. */
export async function maskOf(index: CloudObject, pixels: number, ctx: StageContext): Promise<Uint8Array> {
  const { sampled } = await getTable<{ sampled: Uint32Array }>(ctx, index)
  const mask = new Uint8Array(pixels)
  for (const p of sampled) mask[p] = 1
  return mask
}
