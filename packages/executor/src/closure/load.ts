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

type Start = (linker: Linker) => unknown

/**
 * Loads a shipped function. The module is evaluated once per process and file; the captured values are made anew by
 * every call of `load`, so that what one copy of the function changes, another does not see.
 */
export async function load({ codeFile, data, blobs = [] }: LoadOptions): Promise<(...args: never[]) => unknown> {
  const module = (await import(pathToFileURL(codeFile).href)) as { default: Start }
  return module.default(new ShippedLinker(readPayload(data, blobs))) as (...args: never[]) => unknown
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
