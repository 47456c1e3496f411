import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The parts whose code decides what a step computes. */
const FOLDERS = [
  'annotate',
  'fdr',
  'formula',
  'imzml',
  'isotopes',
  'metrics',
  'moldb',
  'scoring',
  'segment',
  'stages',
  'steps',
  '.',
]
const FILES = new Set(['columns'])

let known: string | undefined

/**
 * Hash of the code behind the steps: results kept by other code are not used, so a corrected formula never meets the cache of
 * the wrong one. Reads about 40 small files once (a few ms).
 */
export function codeVersion(): string {
  if (known) return known
  const root = fileURLToPath(new URL('.', import.meta.url))
  const hash = createHash('sha256')
  for (const folder of FOLDERS) {
    for (const file of readdirSync(join(root, folder)).sort()) {
      const [name, ...ending] = file.split('.')
      if (!['js', 'ts'].includes(ending.join('.'))) continue
      if (folder !== '.' || FILES.has(name as string)) hash.update(file).update(readFileSync(join(root, folder, file)))
    }
  }
  return (known = hash.digest('hex'))
}
