/** From a capture to a self-contained module with content hashes. esbuild runs only when something must be bundled in. */
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Loader, Metafile, Plugin } from 'esbuild'
import { MayflyError } from '../errors.js'
import { FROM_FOLDER } from './lookup.js'
import { composeSpans } from './source-map.js'
import type { Capture, Shipment, SourceSpan } from './types.js'

/** Node's built-ins that bundled CommonJS code asks for by `require`. */
const BANNER = "import { createRequire as $mfrequire } from 'node:module'; const require = $mfrequire(import.meta.url);"

interface Built {
  code: string
  map: string
  /** Files the bundle was made from, with their stamps. */
  inputs: [string, string][]
}

const CACHE_SIZE = 200
const cache = new Map<string, Promise<Built>>()

/**
 * Makes a capture self-contained: bundles the modules it imports and names everything by its content.
 * Bundles are kept by text and checked against the files they were made of.
 * @throws `E_CLOSURE_IMPORT` when an import cannot be resolved or bundled.
 */
export async function bundle(capture: Capture): Promise<Shipment> {
  const { name, text, external, data } = capture
  const built = external ? await cached(capture) : undefined
  const code = built?.code ?? text
  let sources: SourceSpan[] | undefined
  return {
    name,
    codeHash: sha256(code),
    code,
    dataHash: sha256(data),
    data,
    blobs: capture.blobs.map((bytes) => ({ hash: sha256(bytes), bytes })),
    entry: 'default',
    get sources() {
      if (!sources) {
        const spans = capture.spans()
        sources = built ? composeSpans(spans, built.map, ENTRY) : spans
      }
      return sources
    },
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

async function cached(capture: Capture): Promise<Built> {
  const key = `${capture.resolveDir}\n${capture.text}`
  const known = cache.get(key)
  if (known) {
    const built = await known.catch(() => undefined)
    if (built?.inputs.every(([file, stamp]) => stampOf(file) === stamp)) return built
  }
  const building = run(capture)
  cache.set(key, building)
  if (cache.size > CACHE_SIZE) cache.delete(cache.keys().next().value as string)
  building.catch(() => cache.delete(key))
  return building
}

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat ? `${stat.mtimeMs} ${stat.size}` : 'gone'
}

// Node's rules for importing CommonJS hold for `.mjs`.
const ENTRY = 'mayfly-shipment.mjs'

async function run({ name, text, resolveDir }: Capture): Promise<Built> {
  // Loaded when first needed: most functions need no bundling, and it takes longer than all the rest.
  const { build } = await import('esbuild')
  try {
    const result = await build({
      stdin: { contents: text, resolveDir, sourcefile: ENTRY, loader: 'js' },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      banner: { js: BANNER },
      sourcemap: 'external',
      sourcesContent: false,
      outfile: 'shipment.mjs',
      metafile: true,
      logLevel: 'silent',
      absWorkingDir: resolveDir,
      plugins: [resolver(resolveDir), ownPlaces],
    })
    const [map, code] = result.outputFiles.map((file) => file.text)
    return { code: code!, map: map!, inputs: stamps(result.metafile, resolveDir) }
  } catch (cause) {
    const [first] = (cause as { errors?: { text: string; location?: { file: string; line: number } }[] }).errors ?? []
    const where =
      first?.location && first.location.file !== ENTRY ? ` (${first.location.file}:${first.location.line})` : ''
    throw new MayflyError('E_CLOSURE_IMPORT', `${name}: ${first?.text ?? String(cause)}${where}`, {
      hint: 'The function imports this module: install the package in the workspace, or correct the path.',
      cause,
    })
  }
}

function stamps(metafile: Metafile, resolveDir: string): [string, string][] {
  return Object.keys(metafile.inputs)
    .filter((input) => !input.endsWith(ENTRY))
    .map((input) => {
      const file = input.startsWith('/') ? input : `${resolveDir}/${input}`
      return [file, stampOf(file)]
    })
}

const OWN_FOLDER = new RegExp(`^${FROM_FOLDER.replace('+', '\\+')}(.*)!(.*)$`)
const requireHere = createRequire(import.meta.url)
const HERE = fileURLToPath(new URL('.', import.meta.url))

/** Names of packages: from the folder they were written in, then from where this package is installed. Addons stay files. */
function resolver(workspace: string): Plugin {
  return {
    name: 'mayfly',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /\.node$/ }, ({ path }) => (path.startsWith('/') ? { path, external: true } : undefined))
      // A compiler that refuses to be bundled, for a worker that makes maps of its own.
      onResolve({ filter: /^esbuild$/ }, () => ({
        path: pathToFileURL(requireHere.resolve('esbuild')).href,
        external: true,
      }))
      // A library that marks its functions imports this package, whose own tools must not travel unless they are used.
      onResolve({ filter: /^(?:acorn|zod)$/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === 'mayfly') return undefined
        return { ...(await resolve(path, { kind, importer, resolveDir, pluginData: 'mayfly' })), sideEffects: false }
      })
      onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        const isEntry = importer.endsWith(ENTRY)
        if (pluginData === 'mayfly' || path.startsWith('node:')) return undefined
        if (!isEntry && importer.includes('/node_modules/')) return undefined
        const [, folder, name] = OWN_FOLDER.exec(path) ?? []
        const options = { kind, importer, pluginData: 'mayfly' }
        const found = await resolve(name ?? path, {
          ...options,
          resolveDir: folder ?? (isEntry ? workspace : resolveDir),
        })
        if (found.errors.length === 0) return found
        const fallback = await resolve(name ?? path, { ...options, resolveDir: HERE })
        if (fallback.errors.length === 0) return fallback
        return isEntry ? found : undefined
      })
    },
  }
}

const LOADERS: Record<string, Loader> = { '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' }

/** A bundled module still finds the files that lie beside it: its `import.meta` names where it was written. */
const ownPlaces: Plugin = {
  name: 'mayfly-places',
  setup({ onLoad, esbuild }) {
    onLoad({ filter: /\.[cm]?[jt]sx?$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const loader = LOADERS[extname(path)] ?? 'js'
      if (!text.includes('import.meta')) return { contents: text, loader }
      const places = { url: pathToFileURL(path).href, filename: path, dirname: dirname(path) }
      const { code } = await esbuild.transform(text, {
        loader,
        sourcefile: path,
        sourcemap: 'inline',
        sourcesContent: false,
        target: 'esnext',
        define: Object.fromEntries(
          Object.entries(places).map(([key, at]) => [`import.meta.${key}`, JSON.stringify(at)]),
        ),
      })
      return { contents: code, loader: 'js' }
    })
  },
}
