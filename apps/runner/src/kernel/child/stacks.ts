/**
 * Stacks the user can read. Cells are evaluated as `cell-3.js`, in generated code; every stack that is looked at shows
 * `cell-3.ts` with the lines of the notebook, workspace modules by their path, and no frame of the kernel's own.
 */
import { findSourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { ErrorFrame } from '../outputs.js'
import { mapPosition, type SourceMap } from '../transform/maps.js'

/** What is known of an evaluated script. */
export interface Script {
  run: number
  executionCount: number
  cellId?: string
  maps: SourceMap[]
}

const scripts = new Map<string, Script>()
const KERNEL = new URL('../', import.meta.url).href
const EVALUATED = /\b(cell-\w+)\.js:(\d+):(\d+)/g
const SHOWN = /\b(cell-\w+)\.ts:(\d+):(\d+)/

export function registerScript(name: string, script: Script): void {
  scripts.set(name, script)
}

/** Maps every position in evaluated code (`cell-3.js:l:c`) of a text to the cell's; applying it twice does no harm. */
export function mapStack(stack: string): string {
  return stack.replace(EVALUATED, (whole, name: string, line: string, column: string) => {
    const script = scripts.get(name)
    if (!script) return whole
    const place = mapPosition(script.maps, Number(line), Number(column))
    return place ? `${name}.ts:${place.line}:${place.column}` : `${name}.ts`
  })
}

/** The innermost position in a cell that a mapped stack shows. */
export function placeInCell(
  stack: string,
): { cell: number; cellId?: string; line: number; column: number } | undefined {
  const match = SHOWN.exec(stack)
  const script = match ? scripts.get(match[1]!) : undefined
  if (!match || !script) return undefined
  const { executionCount: cell, cellId } = script
  return { cell, ...(cellId ? { cellId } : {}), line: Number(match[2]), column: Number(match[3]) }
}

const FRAME = /^\s+at (?:async )?(?:(.+?) \()?((?!node:|file:|data:|\/|[A-Za-z]:\\)[^()]+?):(\d+):(\d+)\)?$/
const MAX_FRAMES = 50

/** The frames of a mapped stack that lie in cells or in files of the workspace, innermost first. */
export function framesOf(stack: string): ErrorFrame[] {
  const frames: ErrorFrame[] = []
  for (const text of stack.split('\n')) {
    const [, name, place, line, column] = FRAME.exec(text) ?? []
    if (!place || frames.length === MAX_FRAMES) continue
    const where = { line: Number(line), column: Number(column), ...(name && name !== '<anonymous>' ? { name } : {}) }
    const script = /^cell-\w+\.ts$/.test(place) ? scripts.get(place.slice(0, -'.ts'.length)) : undefined
    if (!script) frames.push({ file: place, ...where })
    else frames.push({ cell: script.executionCount, ...(script.cellId ? { cellId: script.cellId } : {}), ...where })
  }
  return frames
}

/** The execution whose cell is outermost in a stack text, or undefined. */
export function runOfStack(stack: string): number | undefined {
  const names = [...stack.matchAll(/\b(cell-\w+)\.[jt]s\b/g)]
  const outermost = names.at(-1)?.[1]
  return outermost === undefined ? undefined : scripts.get(outermost)?.run
}

/** The execution whose cell is outermost on the stack right now, or undefined. */
export function runOnStack(): number | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  Error.stackTraceLimit = 64
  Error.prepareStackTrace = (_error, sites) => sites
  const sites = new Error().stack as unknown as NodeJS.CallSite[]
  Error.prepareStackTrace = prepareStackTrace
  Error.stackTraceLimit = stackTraceLimit
  for (let i = sites.length - 1; i >= 0; i--) {
    const url = sites[i]!.getScriptNameOrSourceURL()
    if (url?.startsWith('cell-')) {
      const script = scripts.get(url.slice(0, -'.js'.length))
      if (script) return script.run
    }
  }
  return undefined
}

/** Installs the formatter of `error.stack`; costs nothing until a stack is looked at. */
export function installStackFormatter(workspace: string): void {
  Error.stackTraceLimit = 25
  const root = workspace.endsWith('/') ? workspace : `${workspace}/`
  Error.prepareStackTrace = (error, sites) => {
    let text: string
    try {
      text = Error.prototype.toString.call(error)
    } catch {
      text = 'Error'
    }
    for (const site of sites) {
      const frame = formatFrame(site, root)
      if (frame) text += `\n    at ${frame}`
    }
    return text
  }
}

function formatFrame(site: NodeJS.CallSite, root: string): string | undefined {
  const url = site.getScriptNameOrSourceURL() ?? ''
  if (url.startsWith(KERNEL) || url.startsWith('node:internal/') || url === 'node:inspector') return undefined
  const text = site.toString()
  if (url.startsWith('cell-')) return mapStack(text)
  if (!url.startsWith('file:')) return text
  const place = `${url}:${site.getLineNumber()}:${site.getColumnNumber()}`
  return text.replace(place, placeInFile(site, url, root))
}

function placeInFile(site: NodeJS.CallSite, url: string, root: string): string {
  const path = fileURLToPath(url)
  const shown = path.startsWith(root) ? path.slice(root.length) : path
  const line = site.getLineNumber() ?? 1
  const column = site.getColumnNumber() ?? 1
  const entry = findSourceMap(url)?.findEntry(line - 1, column - 1) as {
    originalLine?: number
    originalColumn?: number
  }
  if (entry?.originalLine === undefined) return `${shown}:${line}:${column}`
  return `${shown}:${entry.originalLine + 1}:${(entry.originalColumn ?? 0) + 1}`
}
