/** The worker as Lambda takes it: this package's own code made into a few files, zipped, and named by its content. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cached } from './cache.js'
import { zip } from './zip.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PRICES = fileURLToPath(new URL('../../../data/prices.json', import.meta.url))
const ENTRIES = ['backends/aws-lambda/handler.js', 'worker/main.js', 'worker/control.js']
const BANNER = "import { createRequire as $mf } from 'node:module'; const require = $mf(import.meta.url);"

export interface WorkerBundle {
  /** Of the names and contents of the files, whatever compressed them: the same on every machine. */
  hash: string
  /** The ZIP archive. */
  archive: Buffer
}

export const HANDLER = 'backends/aws-lambda/handler.handler'

let made: Promise<WorkerBundle> | undefined

/** Made once per process, and once per content on this machine. */
export function workerBundle(): Promise<WorkerBundle> {
  made ??= cached(ROOT, bundle)
  return made
}

async function bundle(): Promise<WorkerBundle & { inputs: string[] }> {
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: ENTRIES.map((file) => `${ROOT}${file}`), outbase: ROOT, outdir: ROOT, write: false },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', minifyWhitespace: true },
    // As deep as the code that looks for files beside it: those paths must stay true.
    ...{ chunkNames: 'backends/chunks/[hash]', external: ['esbuild'], banner: { js: BANNER }, logLevel: 'silent' },
    // The same files wherever the package lies and whoever bundles it.
    ...{ absWorkingDir: ROOT, metafile: true },
    // Class and function names are part of error messages and of captured values.
    keepNames: false,
  })
  const files: Record<string, Uint8Array> = { 'package.json': Buffer.from('{"type":"module"}') }
  for (const { path, contents } of outputFiles) files[relative(ROOT, path)] = contents
  files['data/prices.json'] = await readFile(PRICES)
  const inputs = [PRICES, ...Object.keys(metafile.inputs).map((path) => resolve(ROOT, path))]
  return { archive: zip(files), hash: hashOf(files), inputs }
}

function hashOf(files: Record<string, Uint8Array>): string {
  const hash = createHash('sha256')
  for (const name of Object.keys(files).sort())
    hash.update(`${name}\0${files[name]!.byteLength}\0`).update(files[name]!)
  return hash.digest('hex').slice(0, 12)
}
