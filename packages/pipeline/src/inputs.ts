/** The files behind the configurations, checked on the caller's side: nothing wrong ever reaches a worker. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { type CheckedDatabase, type CheckedDataset, resolvePath } from './config.js'
import { checkIbd, geometryOf, type ImzML, ImzMLError, ImzMLParser } from './imzml/index.js'
import { type MolecularDatabase, readMolecularDatabase } from './moldb/read.js'

/** Above this size the ibd is known by size and time of change instead of its content. */
const HASH_LIMIT = 256 * 2 ** 20
const READ_SIZE = 1 << 20
const MAX_SPECTRA = 2_000_000
const MAX_PIXELS = 4_500_000

export interface DatasetFiles {
  imzmlPath: string
  ibdPath: string
}

export interface CheckedInputs {
  imzml: ImzML
  ibdBytes: number
  /** Changes with the content of either file. */
  datasetHash: string
  databases: {
    written: string
    path: string
    file: string
    csv: Uint8Array
    content: MolecularDatabase
    hash: string
  }[]
}

/** @throws MayflyError E_IMZML_MISSING, E_IBD_MISSING, E_CONFIG_PATH. */
export function locateDataset(config: CheckedDataset, baseDir: string): DatasetFiles {
  return {
    imzmlPath: resolvePath(config.imzml_path, baseDir, 'E_IMZML_MISSING'),
    ibdPath: resolvePath(config.ibd_path, baseDir, 'E_IBD_MISSING'),
  }
}

/** @throws MayflyError E_DB_MISSING, E_DB_TWICE, E_CONFIG_PATH. */
export function locateDatabases(config: CheckedDatabase, baseDir: string): { written: string; path: string }[] {
  const located = config.databases.map((written) => ({ written, path: resolvePath(written, baseDir, 'E_DB_MISSING') }))
  const twice = located.find(({ path }, i) => located.findIndex((other) => other.path === path) < i)
  if (twice === undefined) return located
  throw new MayflyError('E_DB_TWICE', `"databases" names ${twice.path} twice`, {
    hint: 'Name each file once.',
    where: { file: twice.path },
  })
}

/** Reads and checks everything. @throws ImzMLError, IbdError, MayflyError E_DB_…, E_CONFIG_READ (a file may not be read). */
export async function checkInputs(
  config: CheckedDataset,
  files: DatasetFiles,
  databases: readonly { written: string; path: string }[],
): Promise<CheckedInputs> {
  try {
    return await readInputs(config, files, databases)
  } catch (cause) {
    const { code, path, syscall } = cause as NodeJS.ErrnoException
    if (syscall === undefined) throw cause
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
  files: DatasetFiles,
  databases: readonly { written: string; path: string }[],
): Promise<CheckedInputs> {
  const read = await Promise.all(
    databases.map(async ({ written, path }) => {
      const csv = await readFile(path)
      const content = readMolecularDatabase(csv.toString('utf8'), written)
      return {
        written,
        path,
        file: basename(path),
        csv,
        content,
        hash: createHash('sha256').update(csv).digest('hex'),
      }
    }),
  )
  const hash = createHash('sha256')
  const parser = new ImzMLParser(basename(files.imzmlPath))
  for await (const chunk of createReadStream(files.imzmlPath, { highWaterMark: READ_SIZE })) {
    hash.update(chunk)
    parser.push(chunk)
  }
  const imzml = parser.finish()
  checkLimits(imzml)
  const { size, mtimeMs } = await stat(files.ibdPath)
  const head = new Uint8Array(16)
  const handle = await open(files.ibdPath)
  try {
    await handle.read(head, 0, 16, 0)
  } finally {
    await handle.close()
  }
  checkIbd(imzml, size, head, { file: basename(files.ibdPath), ignoreUuid: config.ignore_uuid })
  if (size > HASH_LIMIT) hash.update(`${size} ${mtimeMs}`)
  else await hashIbd(files.ibdPath, imzml, hash)
  return { imzml, ibdBytes: size, datasetHash: hash.digest('hex'), databases: read }
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
async function hashIbd(path: string, imzml: ImzML, hash: Hash): Promise<void> {
  const declared = imzml.checksum
  const own = declared && createHash(declared.algorithm)
  for await (const chunk of createReadStream(path, { highWaterMark: READ_SIZE })) {
    hash.update(chunk)
    own?.update(chunk)
  }
  if (declared && own?.digest('hex') !== declared.hex) {
    const message = `the ${declared.algorithm} checksum of ${basename(path)} is not the one in the imzML; the file may be damaged`
    imzml.warnings.push({ code: 'W_IBD_CHECKSUM', message, count: 1 })
  }
}
