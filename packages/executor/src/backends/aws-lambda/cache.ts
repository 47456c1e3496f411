/**
 * Keeps the worker bundle on this machine: making it takes a second, and it is the same until one of the files it is made of
 * has changed. In the user's own cache folder, where nobody else can put code that would be deployed.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { WorkerBundle } from './bundle.js'

interface Kept {
  hash: string
  /** Files the bundle was made of, and the hash of their contents. */
  inputs: string[]
  made: string
  /** Hash of the archive: another process may have replaced one file and not yet the other. */
  archive: string
}

/** The bundle of the package at `root`: from the cache if nothing has changed, else made anew and kept. */
export async function cached(
  root: string,
  make: () => Promise<WorkerBundle & { inputs: string[] }>,
): Promise<WorkerBundle> {
  const { version } = createRequire(import.meta.url)('esbuild/package.json') as { version: string }
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mayfly')
  const base = join(folder, `worker-${sha256([Buffer.from(root), Buffer.from(version)]).slice(0, 16)}`)
  try {
    const kept = JSON.parse(await readFile(`${base}.json`, 'utf8')) as Kept
    if ((await contentsOf(kept.inputs)) === kept.made) {
      const archive = await readFile(`${base}.zip`)
      if (sha256([archive]) === kept.archive) return { hash: kept.hash, archive }
    }
  } catch {
    // Nothing is kept yet, or no longer all of it.
  }
  const { inputs, ...bundle } = await make()
  const kept: Kept = { hash: bundle.hash, inputs, made: await contentsOf(inputs), archive: sha256([bundle.archive]) }
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await replace(`${base}.zip`, bundle.archive)
    await replace(`${base}.json`, JSON.stringify(kept))
  } catch {
    // Without a place to keep it, it is made again next time.
  }
  return bundle
}

/** Another process may be just as far: whoever is last wins, and readers see a whole file. */
async function replace(file: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`
  await writeFile(temporary, content, { mode: 0o600 })
  await rename(temporary, file)
}

async function contentsOf(files: readonly string[]): Promise<string> {
  return sha256(await Promise.all(files.map((file) => readFile(file))))
}

function sha256(parts: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.byteLength}\0`).update(part)
  return hash.digest('hex')
}
