/** The workspace folder: from API paths to real ones, refusing whatever leaves it or belongs to Mayfly itself. */
import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { notFound } from '../problem.js'
import { normalizePath } from './paths.js'

export class Workspace {
  /** Both folders as real paths. */
  constructor(
    readonly root: string,
    readonly home: string,
  ) {}

  /**
   * The absolute path for an API path; the file itself need not exist. Symbolic links are followed as far as they exist and must
   * end inside the workspace. Throws `E_PATH_INVALID`, `E_PATH_OUTSIDE`, or `E_NOT_FOUND` for Mayfly's own folder.
   */
  async resolve(path: string): Promise<string> {
    return (await this.locate(path)).absolute
  }

  /** Like `resolve`, but the end of the symbolic links: what to write to, so that a link stays a link. */
  async resolveReal(path: string): Promise<string> {
    return (await this.locate(path)).real
  }

  private async locate(path: string): Promise<{ absolute: string; real: string }> {
    const normal = normalizePath(path)
    if (this.hides(normal)) throw notFound('path', normal)
    const absolute = join(this.root, normal)
    const real = await realOfExisting(absolute)
    if (!within(this.root, real))
      throw new MayflyError('E_PATH_OUTSIDE', `${normal} leads outside the workspace`, { where: { path: normal } })
    if (within(this.home, real) && !within(this.home, this.root)) throw notFound('path', normal)
    return { absolute, real }
  }

  /** Whether a listing leaves the path out and access is answered as if it were not there. */
  hides(path: string): boolean {
    const home = relative(this.root, this.home).split(sep).join('/')
    // Compared without case: on case-insensitive systems `.MAYFLY` is the same folder.
    const folded = path.toLowerCase()
    return [home.toLowerCase(), '.mayfly'].some((own) => own !== '' && (folded === own || folded.startsWith(`${own}/`)))
  }
}

function within(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

async function realOfExisting(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
    const parent = dirname(path)
    if (parent === path) return path
    // A dangling link must not become a way to create files at its target.
    if (await isLink(path)) throw new MayflyError('E_PATH_OUTSIDE', `${path} is a link that leads nowhere`)
    return join(await realOfExisting(parent), path.slice(parent.length + 1))
  }
}

async function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  )
}
