/** Tells whether a build product is older than what it was made from, by a stamp of paths, sizes and times. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './steps.mjs'

const SKIP = new Set(['node_modules', 'dist', '.next', '.git', '.mayfly', 'public'])
const stampFile = (name) => join(ROOT, 'node_modules', '.cache', 'mayfly', `${name}.stamp`)

/** Digest of all files below the given paths (relative to the root): their names, sizes and modification times. */
export function digest(paths) {
  const hash = createHash('sha256')
  const visit = (path) => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat) return
    if (stat.isDirectory()) {
      for (const entry of readdirSync(path).sort()) if (!SKIP.has(entry)) visit(join(path, entry))
    } else if (!/\.test\.tsx?$|\.tsbuildinfo$/.test(path)) {
      hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`)
    }
  }
  for (const path of paths) visit(join(ROOT, path))
  return hash.digest('hex')
}

/** Runs `build` unless `product` exists and the inputs are as they were when it was last built. */
export async function unlessFresh(name, inputs, product, build) {
  const stamp = digest(inputs)
  const file = stampFile(name)
  if (existsSync(join(ROOT, product)) && existsSync(file) && readFileSync(file, 'utf8') === stamp) return false
  await build()
  mkdirSync(join(ROOT, 'node_modules', '.cache', 'mayfly'), { recursive: true })
  // Next writes into its own tsconfig at the first build: the stamp is what the inputs are now.
  writeFileSync(file, digest(inputs))
  return true
}
