import { z } from 'zod'
import type { Entry, Runner } from './runner'

/** A notebook of the workspace. `path` is relative to it, `modified` milliseconds since the epoch. */
export interface NotebookEntry {
  path: string
  modified: number
  cells: number
}

/** Most notebooks that are listed, and most folders that are looked into to find them. */
const MOST_NOTEBOOKS = 50
const MOST_FOLDERS = 200
const SKIPPED = new Set(['node_modules', 'dist'])

const Children = z.array(z.object({ name: z.string(), path: z.string(), type: z.string(), last_modified: z.string() }))
const Notebook = z.object({ cells: z.array(z.unknown()) })

const counts = new Map<string, number>()

/** Lists notebooks, last changed first, folder by folder from the top. A file that is no notebook has 0 cells. */
export async function listNotebooks(runner: Pick<Runner, 'contents'>): Promise<NotebookEntry[]> {
  const found: Omit<Entry, 'content'>[] = []
  let level = ['']
  for (let visited = 0; level.length > 0 && visited < MOST_FOLDERS; visited += level.length) {
    const folders = await Promise.all(level.slice(0, MOST_FOLDERS - visited).map((path) => children(runner, path)))
    const entries = folders.flat()
    found.push(...entries.filter((entry) => entry.type === 'notebook'))
    level = entries.filter((entry) => entry.type === 'directory' && isVisible(entry.name)).map((entry) => entry.path)
    if (level.length === 0) break
  }
  const newest = found
    .map(({ path, last_modified }) => ({ path, modified: Date.parse(last_modified) }))
    .sort((a, b) => b.modified - a.modified || a.path.localeCompare(b.path))
    .slice(0, MOST_NOTEBOOKS)
  return Promise.all(newest.map(async (entry) => ({ ...entry, cells: await countCells(runner, entry) })))
}

const isVisible = (name: string) => !name.startsWith('.') && !SKIPPED.has(name)

async function children(runner: Pick<Runner, 'contents'>, path: string): Promise<z.infer<typeof Children>> {
  const entry = await runner.contents(path)
  const parsed = Children.safeParse(entry.content)
  return parsed.success ? parsed.data : []
}

/** Reads a notebook once for each time it changes: outputs make notebooks large. */
async function countCells(runner: Pick<Runner, 'contents'>, { path, modified }: Omit<NotebookEntry, 'cells'>) {
  const key = `${path}\n${modified}`
  const known = counts.get(key)
  if (known !== undefined) return known
  // A notebook that vanished between the listing and now, or is broken, is still a line of the list.
  const entry = await runner.contents(path).catch(() => undefined)
  const parsed = Notebook.safeParse(entry?.content)
  const cells = parsed.success ? parsed.data.cells.length : 0
  if (counts.size > 1000) counts.clear()
  counts.set(key, cells)
  return cells
}
