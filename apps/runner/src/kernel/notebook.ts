/** A notebook as the command line needs it: read, checked, given parameters, written. Pure; nothing it does not know is lost. */
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'

const source = z.union([z.string(), z.array(z.string())])
const cellSchema = z.looseObject({
  id: z.string().optional(),
  cell_type: z.enum(['code', 'markdown', 'raw']),
  source,
  metadata: z.looseObject({ tags: z.array(z.string()).optional() }).default({}),
})
const notebookSchema = z.looseObject({
  nbformat: z.literal(4),
  nbformat_minor: z.number(),
  metadata: z.looseObject({}).default({}),
  cells: z.array(cellSchema),
})

export type NotebookCell = z.infer<typeof cellSchema> & { id: string }
export type Notebook = Omit<z.infer<typeof notebookSchema>, 'cells'> & { cells: NotebookCell[] }

const INJECTED = 'injected-parameters'

/** Reads nbformat 4 and brings it to 4.5: every cell has an id. @throws MayflyError `E_NOTEBOOK_FORMAT`. */
export function parseNotebook(text: string, file: string): Notebook {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw formatError(file, `it is not JSON (${(cause as Error).message})`, cause)
  }
  const parsed = notebookSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw formatError(file, `${issue?.path.join('.') || 'the notebook'}: ${issue?.message}`, parsed.error)
  }
  // What was checked, not what zod made of it: the order of keys stays, and with it a readable diff.
  const notebook = json as z.infer<typeof notebookSchema>
  const taken = new Set(notebook.cells.map(({ id }) => id))
  const cells = notebook.cells.map((cell, i) => ({
    id: cell.id ?? freeId(`cell-${i + 1}`, taken),
    ...cell,
    metadata: cell.metadata ?? {},
  }))
  return { ...notebook, nbformat_minor: Math.max(5, notebook.nbformat_minor), cells: cells as NotebookCell[] }
}

/** The file's text, as Jupyter writes it: one space of indent, a newline at the end. */
export function serializeNotebook(notebook: Notebook): string {
  return `${JSON.stringify(notebook, null, 1)}\n`
}

export const sourceOf = (cell: NotebookCell): string =>
  typeof cell.source === 'string' ? cell.source : cell.source.join('')

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
  const cells = notebook.cells.filter(({ metadata }) => !metadata.tags?.includes(INJECTED))
  const lines = [...parameters].map(([name, value]) => `const ${name} = ${JSON.stringify(value)}`)
  const cell: NotebookCell = {
    id: freeId(INJECTED, new Set(cells.map(({ id }) => id))),
    cell_type: 'code',
    metadata: { tags: [INJECTED] },
    execution_count: null,
    source: lines.join('\n'),
    outputs: [],
  }
  const after = cells.findIndex(({ metadata }) => metadata.tags?.includes('parameters'))
  return { ...notebook, cells: [...cells.slice(0, after + 1), cell, ...cells.slice(after + 1)] }
}

function freeId(wanted: string, taken: Set<string | undefined>): string {
  let id = wanted
  for (let i = 2; taken.has(id); i++) id = `${wanted}-${i}`
  taken.add(id)
  return id
}

function formatError(file: string, problem: string, cause: unknown): MayflyError {
  const hint = 'Mayfly reads nbformat 4; open the file in a notebook editor and save it again.'
  return new MayflyError('E_NOTEBOOK_FORMAT', `${file} is no notebook: ${problem}.`, { hint, where: { file }, cause })
}
