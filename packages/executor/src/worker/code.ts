/** Brings shipped code from storage into this process. */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type Loader, loader } from '../closure/load.js'
import { SHARED_VARIABLE } from '../shared/address.js'
import type { Storage } from '../storage/storage.js'

export interface CodeKeys {
  codeKey: string
  dataKey: string
  blobKeys: string[]
}

let folder: string | undefined

/** Loads a function; its module is evaluated once per process. */
export async function loadCode(
  { codeKey, dataKey, blobKeys }: CodeKeys,
  storage: Storage,
  bucket: string,
): Promise<Loader> {
  const [codeFile, data, ...blobs] = await Promise.all([
    moduleFile(codeKey, storage, bucket),
    ...[dataKey, ...blobKeys].map((key) => storage.getObject(bucket, key)),
  ])
  return loader({ codeFile, data: data!, blobs })
}

/** A module must be a file for Node to import it: the object itself where objects are files, else a copy of our own. */
async function moduleFile(key: string, storage: Storage, bucket: string): Promise<string> {
  if (storage.backend === 'localhost') return storage.path(bucket, key)
  folder ??= makeFolder()
  const file = join(folder, basename(key))
  // Named by its content: another worker may have brought it.
  if (existsSync(file)) return file
  const bytes = await storage.getObject(bucket, key)
  const temporary = `${file}.${randomUUID()}`
  await writeFile(temporary, bytes)
  await rename(temporary, file)
  return file
}

/** Beside the host's socket, whose folder ends with the host: workers are killed and cannot tidy up. Else a folder of our own. */
function makeFolder(): string {
  const address = process.env[SHARED_VARIABLE]
  if (address && process.platform !== 'win32' && existsSync(dirname(address))) {
    const shared = join(dirname(address), 'code')
    mkdirSync(shared, { recursive: true })
    return shared
  }
  const made = mkdtempSync(join(tmpdir(), 'mayfly-code-'))
  process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  return made
}
