/**
 * Notebooks as files: nbformat 4 text ↔ our form. In our form every cell has an id and every multi-line text is one string;
 * in the file texts are lists of lines and keys are sorted, as Jupyter writes them, so that git shows small differences. Pure.
 */
import { createHash } from 'node:crypto'
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'
import type { NbOutput } from './kernel/index.js'

export interface NotebookCell {
  id: string
  cell_type: 'code' | 'markdown' | 'raw'
  source: string
  metadata: Record<string, unknown>
  /** Code cells only. */
  outputs?: NbOutput[]
  execution_count?: number | null
  /** Pictures pasted into markdown. */
  attachments?: Record<string, unknown>
}

export interface Notebook {
  nbformat: 4
  nbformat_minor: number
  metadata: Record<string, unknown>
  cells: NotebookCell[]
}

const record = z.record(z.string(), z.unknown())
const text = z.union([z.string(), z.array(z.string()).transform((lines) => lines.join(''))])
const output = z.looseObject({ output_type: z.string() })
const cell = z.object({
  id: z.string().optional(),
  cell_type: z.enum(['code', 'markdown', 'raw']),
  source: text.default(''),
  metadata: record.default({}),
  outputs: z.array(output).optional(),
  execution_count: z.number().nullish(),
  attachments: record.optional(),
})
const file = z.object({
  nbformat: z.literal(4),
  nbformat_minor: z.number().int().default(5),
  metadata: record.default({}),
  cells: z.array(cell),
})

const VALID_ID = /^[a-zA-Z0-9-_]{1,64}$/

/** The text of a notebook file's bytes, without a byte order mark. Throws `E_NOTEBOOK_INVALID` when they are not UTF-8. */
export function decodeNotebook(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Read with replacements it would be saved with them.
    throw invalid(where, 'it is not UTF-8 text')
  }
}

/** Parses the text of a notebook file; `where` names it in errors. Throws `E_NOTEBOOK_INVALID`. */
export function parseNotebook(content: string, where: string): Notebook {
  try {
    return toNotebook(content.trim() === '' ? { nbformat: 4, cells: [] } : JSON.parse(content), where)
  } catch (cause) {
    if (cause instanceof MayflyError) throw cause
    throw invalid(where, (cause as Error).message)
  }
}

/** Checks a notebook given as a value, for example from a client, and brings it into our form. Throws `E_NOTEBOOK_INVALID`. */
export function toNotebook(value: unknown, where: string): Notebook {
  const parsed = file.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw invalid(where, `${issue?.path.join('.') || 'notebook'}: ${issue?.message}`)
  }
  const taken = new Set<string>()
  const cells = parsed.data.cells.map((raw, index): NotebookCell => {
    const id = freeId(raw.id, `${index}\n${raw.source}`, taken)
    const base = { id, cell_type: raw.cell_type, source: raw.source, metadata: raw.metadata }
    if (raw.cell_type === 'code')
      return { ...base, execution_count: raw.execution_count ?? null, outputs: (raw.outputs ?? []).map(joinOutput) }
    return raw.attachments ? { ...base, attachments: raw.attachments } : base
  })
  return { nbformat: 4, nbformat_minor: Math.max(5, parsed.data.nbformat_minor), metadata: parsed.data.metadata, cells }
}

/** The text of the file: as JSON.stringify with an indent of 1 makes it, but outputs that stay the same are formatted once. */
export function formatNotebook(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => {
    const fields = [
      ...(cell.attachments ? [`"attachments": ${indented(cell.attachments, '   ')}`] : []),
      `"cell_type": "${cell.cell_type}"`,
      ...(cell.cell_type === 'code' ? [`"execution_count": ${cell.execution_count ?? null}`] : []),
      `"id": ${JSON.stringify(cell.id)}`,
      `"metadata": ${indented(cell.metadata, '   ')}`,
      ...(cell.cell_type === 'code' ? [`"outputs": ${formatOutputs(cell.outputs ?? []).text}`] : []),
      `"source": ${indented(splitLines(cell.source), '   ')}`,
    ]
    return `  {\n   ${fields.join(',\n   ')}\n  }`
  })
  const list = cells.length > 0 ? `[\n${cells.join(',\n')}\n ]` : '[]'
  const { nbformat, nbformat_minor } = notebook
  const metadata = indented(notebook.metadata, ' ')
  return `{\n "cells": ${list},\n "metadata": ${metadata},\n "nbformat": ${nbformat},\n "nbformat_minor": ${nbformat_minor}\n}\n`
}

/** A hash of everything in a notebook; the same for a notebook and for what is read from the file it was written to. */
export function fingerprint(notebook: Notebook): string {
  const { nbformat_minor, metadata } = notebook
  const cells = notebook.cells.map(({ outputs, ...cell }) => {
    const { id, cell_type, source, metadata, execution_count = null, attachments } = cell
    return [id, cell_type, source, metadata, execution_count, attachments, outputs && formatOutputs(outputs).hash]
  })
  return sha256(JSON.stringify([nbformat_minor, metadata, cells]))
}

interface FormattedOutputs {
  text: string
  hash: string
}

/** Lists of outputs are never changed, only replaced. */
const formatted = new WeakMap<NbOutput[], FormattedOutputs>()

function formatOutputs(outputs: NbOutput[]): FormattedOutputs {
  let result = formatted.get(outputs)
  if (!result) {
    const text = indented(outputs.map(splitOutput), '   ')
    formatted.set(outputs, (result = { text, hash: sha256(text) }))
  }
  return result
}

// Strings in JSON hold no line breaks: those that are there belong to the layout.
function indented(value: unknown, prefix: string): string {
  return JSON.stringify(value, null, 1).replaceAll('\n', `\n${prefix}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A new notebook with one empty code cell. */
export function blankNotebook(): Notebook {
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { display_name: 'TypeScript (Mayfly)', language: 'typescript', name: 'mayfly' },
      language_info: { file_extension: '.ts', mimetype: 'text/typescript', name: 'typescript' },
    },
    cells: [{ id: 'first', cell_type: 'code', source: '', metadata: {}, execution_count: null, outputs: [] }],
  }
}

// Ids are made from the place and the text: a file without ids gets the same ones whenever it is read.
function freeId(given: string | undefined, seed: string, taken: Set<string>): string {
  let id = given && VALID_ID.test(given) && !taken.has(given) ? given : ''
  for (let salt = 0; !id; salt++) {
    const made = sha256(`${salt}\n${seed}`).slice(0, 8)
    if (!taken.has(made)) id = made
  }
  taken.add(id)
  return id
}

function joinOutput(raw: z.infer<typeof output>): NbOutput {
  const joined: Record<string, unknown> = { ...raw }
  if (Array.isArray(raw.text)) joined.text = raw.text.join('')
  if (raw.data && typeof raw.data === 'object')
    joined.data = Object.fromEntries(
      Object.entries(raw.data).map(([mime, value]) => [
        mime,
        Array.isArray(value) && !isJson(mime) ? value.join('') : value,
      ]),
    )
  return joined as unknown as NbOutput
}

function splitOutput(given: NbOutput): Record<string, unknown> {
  // `transient` matters only while the kernel lives, `mayfly` is no field of nbformat.
  const { data, text, transient: _, mayfly: __, ...rest } = given as unknown as Record<string, unknown>
  const split: Record<string, unknown> = { ...rest }
  if (typeof text === 'string') split.text = splitLines(text)
  if (data && typeof data === 'object')
    split.data = Object.fromEntries(
      Object.entries(data).map(([mime, value]) => [
        mime,
        typeof value === 'string' && isText(mime) ? splitLines(value) : value,
      ]),
    )
  return Object.fromEntries(Object.entries(split).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function splitLines(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/)
}

function isJson(mime: string): boolean {
  return mime === 'application/json' || mime.endsWith('+json')
}

function isText(mime: string): boolean {
  return mime.startsWith('text/') || mime === 'image/svg+xml' || mime === 'application/javascript'
}

function invalid(where: string, reason: string): MayflyError {
  return new MayflyError('E_NOTEBOOK_INVALID', `${where} is not a notebook of nbformat 4: ${reason}`, {
    where: { path: where },
    hint: 'Repair the file, or convert an older one with "jupyter nbconvert --to notebook".',
  })
}
