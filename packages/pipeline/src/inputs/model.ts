/** Scoring models from wherever they lie. */
import { Storage } from '@mayfly/executor'
import { MayflyError } from '@mayfly/executor/errors'
import { type CatBoostModel, readCatBoost } from '../scoring/index.js'
import { openInput, readInput } from './open.js'
import { locateInput, shown } from './place.js'

/** METASPACE's own have 1.3 MB. */
const LARGEST = 256 << 20

export interface LoadModelOptions {
  /** Folder that a relative path starts from. Default: the current one. */
  baseDir?: string
  /** Where `<backend>://bucket/key` of the same backend is read. Default: the configured storage. */
  storage?: Storage
}

/**
 * Reads a METASPACE-ML model (`.cbm`) from a path, `file://`, `http(s)://`, or `<backend>://bucket/key` of a storage.
 * @throws MayflyError E_MODEL_MISSING, E_MODEL_INVALID, E_MODEL_KIND, E_INPUT_DENIED, E_INPUT_UNREACHABLE, E_CONFIG_….
 */
export async function loadCatBoost(
  where: string,
  { baseDir = process.cwd(), storage }: LoadModelOptions = {},
): Promise<CatBoostModel> {
  const input = locateInput(where, baseDir, 'E_MODEL_MISSING')
  const place = shown(input.place)
  const own = storage ?? new Storage()
  try {
    const found = await openInput(input, own)
    if (found.size > LARGEST) {
      throw new MayflyError('E_MODEL_INVALID', `${place} has ${found.size} bytes, too many for a model`, {
        hint: 'Give a CatBoost model saved in its own format (.cbm).',
        where: { file: place },
      })
    }
    return readCatBoost(await readInput(found), place)
  } finally {
    if (!storage) await own.close()
  }
}
