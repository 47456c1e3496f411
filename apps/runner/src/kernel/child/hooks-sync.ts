/** The same hooks for `module.registerHooks` (Node 22.15 and later): synchronous, in the main thread. */
import { readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { compileSync } from './compile-sync.js'
import { compileError, formatOf, type LoaderOptions, packageNotFound, WorkspaceLoader } from './workspace-loader.js'

interface Resolved {
  url: string
  format?: string | null
  shortCircuit?: boolean
}
interface Loaded {
  format: string
  source: string
  shortCircuit?: boolean
}
interface SyncHooks {
  resolve(specifier: string, context: { parentURL?: string }, next: (s: string, c: object) => Resolved): Resolved
  load(url: string, context: object, next: (url: string, context: object) => Loaded): Loaded
}

/** Node's `registerHooks`, where this Node has it. */
export const registerHooks = (nodeModule as { registerHooks?: (hooks: SyncHooks) => void }).registerHooks

export function installSyncHooks(options: LoaderOptions): void {
  const loader = new WorkspaceLoader(options)
  registerHooks!({
    resolve(specifier, context, next) {
      const request = loader.request(specifier, context.parentURL)
      if (!request) return next(specifier, context)
      if ('file' in request) return { url: loader.urlOf(request.file), shortCircuit: true }
      try {
        return next(request.specifier, { ...context, parentURL: request.parentURL })
      } catch (error) {
        if (!request.secondParent || (error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
        try {
          return next(request.specifier, { ...context, parentURL: request.secondParent })
        } catch {
          throw packageNotFound(request.specifier)
        }
      }
    },
    load(url, context, next) {
      const found = loader.sourceOf(url)
      if (!found) return next(url, context)
      const source = readFileSync(found.file, 'utf8')
      if (found.kind === 'json') return { format: 'json', source, shortCircuit: true }
      try {
        return { format: formatOf(found.file), source: compileSync(found.file, source), shortCircuit: true }
      } catch (error) {
        throw compileError(found.file, error)
      }
    },
  })
}
