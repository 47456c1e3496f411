/** Paths as the API writes them: relative to the workspace, with `/`, never leaving it. Pure. */
import { MayflyError } from '@mayfly/executor/errors'

/**
 * Normalizes a path from a client: no leading, trailing or double slash; '' is the workspace itself.
 * Throws `E_PATH_INVALID` for `.` and `..`, NUL, and the separators and drive letters of other systems.
 */
export function normalizePath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  for (const part of parts) {
    const fault =
      part === '.' || part === '..'
        ? 'may not contain . or ..'
        : part.includes('\0')
          ? 'may not contain NUL'
          : part.includes('\\') || (part === parts[0] && /^[a-z]:/i.test(part))
            ? 'is relative to the workspace and uses / only'
            : undefined
    if (fault) throw new MayflyError('E_PATH_INVALID', `the path ${JSON.stringify(path)} ${fault}`, { where: { path } })
  }
  return parts.join('/')
}

/** The path of the folder, '' for the workspace. */
export function parentPath(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function joinPath(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name
}

/** `a.b.ipynb` → `['a.b', '.ipynb']`; names such as `.env` have no extension. */
export function splitExtension(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
}

/** Where `path` goes when `from` is renamed to `to`: itself, or the same place under the new name. */
export function movedPath(path: string, from: string, to: string): string | undefined {
  if (path === from) return to
  return path.startsWith(`${from}/`) ? to + path.slice(from.length) : undefined
}
