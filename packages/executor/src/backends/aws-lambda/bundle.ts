/** The worker as Lambda takes it: this package's own code made into a few files, zipped, and named by its content. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { zip } from './zip.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ENTRIES = ['backends/aws-lambda/handler.js', 'worker/main.js', 'worker/control.js']
const BANNER = "import { createRequire as $mf } from 'node:module'; const require = $mf(import.meta.url);"

export interface WorkerBundle {
  hash: string
  archive: Buffer
}

export const HANDLER = 'backends/aws-lambda/handler.handler'

let made: Promise<WorkerBundle> | undefined

/** Made once per process. */
export function workerBundle(): Promise<WorkerBundle> {
  made ??= bundle()
  return made
}

async function bundle(): Promise<WorkerBundle> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    ...{ entryPoints: ENTRIES.map((file) => `${ROOT}${file}`), outbase: ROOT, outdir: ROOT, write: false },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20', minifyWhitespace: true },
    // As deep as the code that looks for files beside it: those paths must stay true.
    ...{ chunkNames: 'backends/chunks/[hash]', external: ['esbuild'], banner: { js: BANNER }, logLevel: 'silent' },
    // Class and function names are part of error messages and of captured values.
    keepNames: false,
  })
  const files: Record<string, Uint8Array> = { 'package.json': Buffer.from('{"type":"module"}') }
  for (const { path, contents } of outputFiles) files[relative(ROOT, path)] = contents
  files['data/prices.json'] = await readFile(new URL('../../../data/prices.json', import.meta.url))
  const archive = zip(files)
  return { archive, hash: createHash('sha256').update(archive).digest('hex').slice(0, 12) }
}
