/** Brings shipped code from storage into this process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Loader, loader } from '../closure/load.js'
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
  if (!folder) {
    const made = mkdtempSync(join(tmpdir(), 'mayfly-code-'))
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  const file = join(folder, basename(key))
  const bytes = await storage.getObject(bucket, key)
  const temporary = `${file}.${process.hrtime.bigint()}`
  await writeFile(temporary, bytes)
  await rename(temporary, file)
  return file
}
