/** The worker's door: from the files of a shipment to the function. Imports only Node and `decode.ts`. */
import { createRequire, isBuiltin } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Linker, readPayload } from './decode.js'

export interface LoadOptions {
  /** File that holds `Shipment.code`; named by its hash, because Node keeps modules by name. */
  codeFile: string
  data: Uint8Array
  /** Contents of `Shipment.blobs`, in their order. */
  blobs?: Uint8Array[]
}

type ShippedFunction = (...args: never[]) => unknown

interface ShippedModule {
  default: (linker: Linker) => unknown
  stateless: boolean
}

/** A shipped function of which copies can be had. */
export interface Loader {
  /** True when nothing captured can be changed by a call, so that one copy serves all calls. */
  readonly stateless: boolean
  /** A copy of the function with its captured values as they were at the capture. */
  instantiate(): ShippedFunction
}

/**
 * Loads the code of a shipped function. The module, and what it imports, is evaluated once per process and file; each copy
 * made by `instantiate` has its own captured values. Takes about as long as `v8.deserialize` of the data.
 */
export async function loader({ codeFile, data, blobs = [] }: LoadOptions): Promise<Loader> {
  const module = (await import(pathToFileURL(codeFile).href)) as ShippedModule
  return {
    stateless: module.stateless,
    instantiate: () => module.default(new ShippedLinker(readPayload(data, blobs))) as ShippedFunction,
  }
}

/**
 * Loads a shipped function. Every call of it starts from the values as they were captured, as if it had a process of its
 * own: what one call changes, the next does not see.
 */
export async function load(options: LoadOptions): Promise<ShippedFunction> {
  const { stateless, instantiate } = await loader(options)
  // Made at once, so that what is wrong is told now; it serves the first call.
  let next: ShippedFunction | undefined = instantiate()
  if (stateless) return next
  return function shipped(this: unknown, ...args: never[]) {
    const fn = next ?? instantiate()
    next = undefined
    return Reflect.apply(fn, this, args)
  }
}

/** What the text of a shipped function finds under `$mf`: values, and imports relative to where it was written. */
class ShippedLinker extends Linker {
  /** A dynamic import whose name is only known now. */
  async import(base: string, specifier: unknown, options?: ImportCallOptions): Promise<unknown> {
    const name = String(specifier)
    if (isBuiltin(name) || /^(?:data|file|node):/.test(name)) return import(name, options as never)
    if (/^\.{0,2}\//.test(name)) return import(new URL(name, base).href, options as never)
    return import(pathToFileURL(createRequire(base).resolve(name)).href, options as never)
  }

  /** `import.meta` of the place the function was written in. */
  meta(base: string): { url: string; filename?: string; dirname?: string; resolve(specifier: string): string } {
    const resolve = (specifier: string) =>
      /^\.{0,2}\//.test(specifier)
        ? new URL(specifier, base).href
        : pathToFileURL(createRequire(base).resolve(specifier)).href
    if (!base.startsWith('file:')) return { url: base, resolve }
    const filename = fileURLToPath(base)
    return { url: base, filename, dirname: dirname(filename), resolve }
  }
}
