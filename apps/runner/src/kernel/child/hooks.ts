/** Loader hooks for `module.register`: they run in a thread of their own, on Node versions without `registerHooks`. */
import { readFile } from 'node:fs/promises'
import type { LoadHook, ResolveHook } from 'node:module'
import { transform } from 'esbuild'
import {
  compileError,
  formatOf,
  type LoaderOptions,
  packageNotFound,
  transformOptions,
  WorkspaceLoader,
} from './workspace-loader.js'

let loader: WorkspaceLoader

export function initialize(options: LoaderOptions): void {
  loader = new WorkspaceLoader(options)
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  const request = loader.request(specifier, context.parentURL)
  if (!request) return next(specifier, context)
  if ('file' in request) return { url: loader.urlOf(request.file), shortCircuit: true }
  try {
    return await next(request.specifier, { ...context, parentURL: request.parentURL })
  } catch (error) {
    if (!request.secondParent || (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    try {
      return await next(request.specifier, { ...context, parentURL: request.secondParent })
    } catch {
      throw packageNotFound(request.specifier)
    }
  }
}

export const load: LoadHook = async (url, context, next) => {
  const found = loader.sourceOf(url)
  if (!found) return next(url, context)
  const source = await readFile(found.file, 'utf8')
  if (found.kind === 'json') return { format: 'json', source, shortCircuit: true }
  try {
    const { code } = await transform(source, transformOptions(found.file))
    return { format: formatOf(found.file), source: code, shortCircuit: true }
  } catch (error) {
    throw compileError(found.file, error)
  }
}
