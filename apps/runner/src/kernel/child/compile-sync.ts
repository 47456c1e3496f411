/** esbuild in the main thread, loaded when the first TypeScript file asks for it: most kernels start without. */
import { createRequire } from 'node:module'
import type * as esbuild from 'esbuild'
import { transformOptions } from './workspace-loader.js'

let loaded: typeof esbuild | undefined

/** JavaScript of a TypeScript module. @throws esbuild's TransformFailure. */
export function compileSync(file: string, source: string, format?: 'cjs'): string {
  loaded ??= createRequire(import.meta.url)('esbuild') as typeof esbuild
  return loaded.transformSync(source, { ...transformOptions(file), ...(format ? { format } : {}) }).code
}
