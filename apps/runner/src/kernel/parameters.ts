/** Parameters of a notebook that runs without a page (papermill's convention). Pure. */
import { MayflyError } from '@mayfly/executor/errors'
import { nearest } from '@mayfly/executor/nearest'
import type { Notebook, NotebookCell } from '../nbformat.js'

const INJECTED = 'injected-parameters'

/** Whether the cell carries this tag. */
export function hasTag(cell: NotebookCell, tag: string): boolean {
  const { tags } = cell.metadata
  return Array.isArray(tags) && tags.includes(tag)
}

/**
 * Reads `name=value`: the value is JSON where it parses as JSON (`0.5`, `true`, `[1,2]`, `"text"`), else the text itself.
 * @throws MayflyError `E_PARAMETER`.
 */
export function parseParameter(text: string): [name: string, value: unknown] {
  const [, name, value] = /^([\p{ID_Start}$_][\p{ID_Continue}$]*)=([\s\S]*)$/u.exec(text) ?? []
  if (name === undefined || value === undefined) {
    const hint = 'Write -p alpha=0.5; the name must be a TypeScript identifier.'
    throw new MayflyError('E_PARAMETER', `Expected name=value, got '${text}'.`, { hint })
  }
  try {
    return [name, JSON.parse(value)]
  } catch {
    return [name, value]
  }
}

/**
 * Puts the parameters into a code cell after the one tagged `parameters`, or on top where there is none; a cell injected before
 * is replaced (papermill's convention). Without parameters the notebook is returned as it is.
 */
export function injectParameters(notebook: Notebook, parameters: ReadonlyMap<string, unknown>): Notebook {
  if (parameters.size === 0) return notebook
  const cells = notebook.cells.filter((cell) => !hasTag(cell, INJECTED))
  const lines = [...parameters].map(([name, value]) => `const ${name} = ${JSON.stringify(value)}`)
  const cell: NotebookCell = {
    id: freeId(new Set(cells.map(({ id }) => id))),
    cell_type: 'code',
    metadata: { tags: [INJECTED] },
    execution_count: null,
    source: lines.join('\n'),
    outputs: [],
  }
  const after = cells.findIndex((cell) => hasTag(cell, 'parameters'))
  return { ...notebook, cells: [...cells.slice(0, after + 1), cell, ...cells.slice(after + 1)] }
}

/**
 * A warning for every parameter that the tagged cell does not mention: most likely a slip, whose notebook then runs with another value
 * than was meant. None for a notebook without such a cell.
 */
export function unknownParameters(notebook: Notebook, names: Iterable<string>): string[] {
  const cell = notebook.cells.find((cell) => hasTag(cell, 'parameters'))
  if (!cell) return []
  const mentioned = new Set(cell.source.match(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu))
  const declared = Array.from(
    cell.source.matchAll(/\b(?:let|const|var)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu),
    (m) => m[1]!,
  )
  return Array.from(names)
    .filter((name) => !mentioned.has(name))
    .map((name) => {
      const near = nearest(name, declared)
      const hint = near ? `did you mean ${near}?` : `it has ${declared.join(', ') || 'none'}`
      return `W_PARAMETER_UNKNOWN: the notebook has no parameter ${name}; ${hint}`
    })
}

function freeId(taken: ReadonlySet<string>): string {
  let id = INJECTED
  for (let i = 2; taken.has(id); i++) id = `${INJECTED}-${i}`
  return id
}
