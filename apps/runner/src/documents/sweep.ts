/** What notebooks that are long gone left in `MAYFLY_HOME`: their journals and histories. Looked for when the runner starts. */
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Workspace } from '../workspace/workspace.js'
import { VERSIONS_AGE_MS } from './thinning.js'

/** The first line of a journal has at most this many bytes, unless very many cells ran. */
const HEAD_BYTES = 64 << 10

/** Removes journals and histories that nobody wrote to for 30 days and whose notebook does not exist. */
export async function sweep(workspace: Workspace, now: number = Date.now()): Promise<void> {
  await sweepJournals(workspace, now)
  await sweepVersions(workspace, '', now)
}

async function sweepJournals(workspace: Workspace, now: number): Promise<void> {
  const folder = join(workspace.home, 'journal')
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const path = join(folder, name)
    if (!/^[0-9a-f]{32}\.\d+\.ndjson$/.test(name) || !(await isOld(path, now))) continue
    const notebook = await notebookOf(path)
    if (notebook === undefined || !(await exists(workspace, notebook))) await rm(path, { force: true })
  }
}

async function sweepVersions(workspace: Workspace, path: string, now: number): Promise<void> {
  const folder = join(workspace.home, 'versions', path)
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!entry.isDirectory()) continue
    if (entry.name !== '@') await sweepVersions(workspace, path ? `${path}/${entry.name}` : entry.name, now)
    else if ((await isOld(join(folder, '@', 'index.ndjson'), now)) && !(await exists(workspace, path)))
      await rm(join(folder, '@'), { recursive: true, force: true })
  }
}

async function isOld(path: string, now: number): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined)
  return stats !== undefined && now - stats.mtimeMs > VERSIONS_AGE_MS
}

async function exists(workspace: Workspace, path: string): Promise<boolean> {
  const absolute = await workspace.resolve(path).catch(() => undefined)
  return absolute !== undefined && (await stat(absolute).catch(() => undefined)) !== undefined
}

async function notebookOf(path: string): Promise<string | undefined> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n')
    const { notebook } = JSON.parse(line) as { notebook?: unknown }
    return typeof notebook === 'string' ? notebook : undefined
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}
