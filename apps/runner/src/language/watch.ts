/** Changes of the workspace's own source files on disk: without looking into packages, and with a limit on folders. */
import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'

export interface FileChange {
  file: string
  /** As the Language Server Protocol numbers them: made, changed, gone. */
  type: 1 | 2 | 3
}

const SETTLE_MS = 100
const MAX_FOLDERS = 400
const WATCHED = /\.(ts|tsx|mts|cts|js|mjs|cjs|json)$|^node_modules$|^\.package-lock\.json$/

/** Calls back with what changed, a little later and gathered. Returns how to stop. */
export function watchFolder(root: string, onChange: (changes: FileChange[]) => void): () => void {
  const watchers = new Map<string, FSWatcher>()
  const known = new Map<string, boolean>()
  const pending = new Set<string>()
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    timer = undefined
    const changes = [...pending].map((file): FileChange => {
      const there = existsSync(file)
      const type = !there ? 3 : known.get(file) ? 2 : 1
      known.set(file, there)
      return { file, type }
    })
    pending.clear()
    if (changes.length > 0) onChange(changes)
  }
  const add = (folder: string) => {
    if (watchers.size >= MAX_FOLDERS || watchers.has(folder)) return
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        if (!name) return
        const file = join(folder, name)
        if (isFolder(folder, name)) add(file)
        if (!WATCHED.test(name)) return
        // An install is seen by the list of packages that npm writes last.
        pending.add(name === '.package-lock.json' ? folder : file)
        timer ??= setTimeout(flush, SETTLE_MS).unref()
      })
      watcher.on('error', () => remove(folder))
      watchers.set(folder, watcher)
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        if (entry.isDirectory() && isFolder(folder, entry.name)) add(join(folder, entry.name))
        else if (WATCHED.test(entry.name)) known.set(join(folder, entry.name), true)
      }
    } catch {
      // A folder that cannot be watched is one whose changes are seen at the next start.
    }
  }
  const remove = (folder: string) => {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }
  add(root)
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers.values()) watcher.close()
  }
}

/** Folders worth watching: of packages only the top, of what is hidden nothing. */
function isFolder(parent: string, name: string): boolean {
  if (name.startsWith('.') || /[\\/]node_modules$/.test(parent) || name === 'dist') return false
  try {
    readdirSync(join(parent, name))
    return true
  } catch {
    return false
  }
}
