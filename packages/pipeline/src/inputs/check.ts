/** The inputs behind the configurations, checked on the caller's side: nothing wrong ever reaches a worker. */
import { createHash, type Hash } from 'node:crypto'
import type { Storage } from '@mayfly/executor'
import { MayflyError } from '@mayfly/executor/errors'
import { untilCancelled } from '../cancel.js'
import type { CheckedDatabase, CheckedDataset } from '../config.js'
import { checkIbd, geometryOf, type ImzML, ImzMLError, ImzMLParser } from '../imzml/index.js'
import { type MolecularDatabase, readMolecularDatabase } from '../moldb/read.js'
import { locateInFolder } from './folder.js'
import { type OpenInput, openInput, readInput } from './open.js'
import { type Input, isSame, locateInput, shown } from './place.js'

/** Above this size the ibd is known by size and time of change instead of its content. */
const HASH_LIMIT = 256 * 2 ** 20
const MAX_SPECTRA = 2_000_000
const MAX_PIXELS = 4_500_000

export interface DatasetInputs {
  imzml: Input
  ibd: Input
}

export interface CheckedDatabaseFile {
  written: string
  file: string
  csv: Uint8Array
  content: MolecularDatabase
  hash: string
}

export interface CheckedInputs {
  imzml: ImzML
  files: { imzml: OpenInput; ibd: OpenInput }
  /** Changes with the content of either file. */
  datasetHash: string
  databases: CheckedDatabaseFile[]
}

/** Only paths are looked up here. @throws MayflyError E_IMZML_MISSING, E_IBD_MISSING, E_CONFIG_PATH. */
export function locateDataset(config: CheckedDataset, baseDir: string): DatasetInputs {
  const imzml = locateInFolder(config.imzml_path, baseDir, 'E_IMZML_MISSING', '.imzml')
  const stem = imzml.name.replace(/\.imzml$/i, '')
  return { imzml, ibd: locateInFolder(config.ibd_path, baseDir, 'E_IBD_MISSING', '.ibd', stem) }
}

/** Only paths are looked up here. @throws MayflyError E_DB_MISSING, E_DB_TWICE, E_CONFIG_PATH. */
export function locateDatabases(config: CheckedDatabase, baseDir: string): Input[] {
  const located = config.databases.map((written) => locateInput(written, baseDir, 'E_DB_MISSING'))
  const twice = located.find(({ place }, i) => located.findIndex((other) => isSame(other.place, place)) < i)
  if (twice === undefined) return located
  throw new MayflyError('E_DB_TWICE', `"databases" names ${shown(twice.place)} twice`, {
    hint: 'Name each file once.',
    where: { file: shown(twice.place) },
  })
}

/**
 * Reads and checks everything.
 * @throws ImzMLError, IbdError, MayflyError E_DB_…, E_CONFIG_READ (a file may not be read), and those of `openInput`.
 */
export async function checkInputs(
  config: CheckedDataset,
  dataset: DatasetInputs,
  databases: readonly Input[],
  storage: Storage,
  signal: AbortSignal = new AbortController().signal,
): Promise<CheckedInputs> {
  try {
    return await readInputs(config, dataset, databases, storage, signal)
  } catch (cause) {
    const { code, path, syscall } = cause as NodeJS.ErrnoException
    if (syscall === undefined || cause instanceof MayflyError) throw cause
    const file = path ?? 'an input file'
    throw new MayflyError('E_CONFIG_READ', `${file} cannot be read (${code})`, {
      hint: 'Check the permissions of the file and whether its disk is still there.',
      where: { file },
      cause,
    })
  }
}

async function readInputs(
  config: CheckedDataset,
  dataset: DatasetInputs,
  databases: readonly Input[],
  storage: Storage,
  signal: AbortSignal,
): Promise<CheckedInputs> {
  const read = await Promise.all(databases.map((input) => readDatabaseFile(input, storage)))
  const files = { imzml: await openInput(dataset.imzml, storage), ibd: await openInput(dataset.ibd, storage) }
  const hash = createHash('sha256')
  const parser = new ImzMLParser(files.imzml.name)
  for await (const chunk of untilCancelled(files.imzml.stream(), signal, 'reading the inputs')) {
    hash.update(chunk)
    parser.push(chunk)
  }
  const imzml = parser.finish()
  checkLimits(imzml)
  checkIbd(imzml, files.ibd.size, files.ibd.head, { file: files.ibd.name, ignoreUuid: config.ignore_uuid })
  // What comes over a network is not read twice for a hash that an etag is good for.
  if (files.ibd.size > HASH_LIMIT || files.ibd.from !== 'file') hash.update(`${files.ibd.size} ${files.ibd.version}`)
  else await hashIbd(files.ibd, imzml, hash, signal)
  return { imzml, files, datasetHash: hash.digest('hex'), databases: read }
}

async function readDatabaseFile(input: Input, storage: Storage): Promise<CheckedDatabaseFile> {
  const csv = await readInput(await openInput(input, storage))
  const content = readMolecularDatabase(csv.toString('utf8'), input.written)
  const hash = createHash('sha256').update(csv).digest('hex')
  return { written: input.written, file: input.name, csv, content, hash }
}

/** @throws ImzMLError E_IMZML_LIMIT: METASPACE's limits, which also keep a wrong coordinate from filling the memory. */
function checkLimits(imzml: ImzML): void {
  const { width, height } = geometryOf(imzml)
  const problem =
    imzml.count > MAX_SPECTRA
      ? `${imzml.count} spectra, the most are ${MAX_SPECTRA}`
      : width * height > MAX_PIXELS
        ? `the coordinates span ${width}×${height} pixels, the most are ${MAX_PIXELS}`
        : undefined
  if (problem === undefined) return
  throw new ImzMLError('E_IMZML_LIMIT', `${imzml.file}: ${problem}`, {
    hint: 'Check the coordinates, or cut the data set into regions.',
    where: { file: imzml.file },
  })
}

/** Adds the content of the ibd to `hash`, and compares it with the checksum in the imzML on the way; a difference is a warning. */
async function hashIbd(ibd: OpenInput, imzml: ImzML, hash: Hash, signal: AbortSignal): Promise<void> {
  const declared = imzml.checksum
  const own = declared && createHash(declared.algorithm)
  for await (const chunk of untilCancelled(ibd.stream(), signal, 'reading the inputs')) {
    hash.update(chunk)
    own?.update(chunk)
  }
  if (declared && own?.digest('hex') !== declared.hex) {
    const message = `the ${declared.algorithm} checksum of ${ibd.name} is not the one in the imzML; the file may be damaged`
    imzml.warnings.push({ code: 'W_IBD_CHECKSUM', message, count: 1 })
  }
}
