/** `/api/mayfly/documents/<path>/versions`: the history of a notebook. */
import type { Documents } from '../documents/documents.js'
import type { Version } from '../documents/thinning.js'
import { formatNotebook, type Notebook } from '../nbformat.js'
import { notFound } from '../problem.js'
import { writeAtomic } from '../workspace/atomic.js'
import type { Contents } from '../workspace/contents.js'
import { baseName, normalizePath, parentPath, splitExtension } from '../workspace/paths.js'
import type { Workspace } from '../workspace/workspace.js'

export interface VersionAddress {
  path: string
  /** Undefined means the list. */
  id: string | undefined
}

export class History {
  constructor(
    private readonly documents: Documents,
    private readonly workspace: Workspace,
    private readonly contents: Contents,
  ) {}

  /** The versions that a path under `/api/mayfly/documents` means, or undefined for a document. */
  address(path: string): VersionAddress | undefined {
    const match = /^(.+\.ipynb)\/versions(?:\/([^/]+))?$/.exec(path)
    return match ? { path: normalizePath(match[1]!), id: match[2] } : undefined
  }

  /** Newest first. Throws `E_NOT_FOUND` when there is neither such a notebook nor a history of it. */
  async list(path: string): Promise<Version[]> {
    const versions = await this.documents.versions.of(path).list()
    if (versions.length === 0 && !(await this.contents.exists(path))) throw notFound('notebook', path)
    return versions.reverse()
  }

  read(path: string, id: string): Promise<Notebook> {
    return this.documents.versions.of(path).read(id)
  }

  /**
   * Makes a version the present state. A notebook that was deleted comes back; a file that is no notebook any more is moved beside
   * the restored one.
   */
  async restore(path: string, id: string): Promise<{ hash: string; seq: number }> {
    const notebook = await this.read(path, id)
    const file = await this.documents.open(path).catch(async (error) => {
      if (error.code === 'E_NOTEBOOK_INVALID') await this.setAside(path)
      else if (error.code !== 'E_NOT_FOUND') throw error
      await writeAtomic(await this.workspace.resolveReal(path), formatNotebook(notebook))
      return this.documents.open(path)
    })
    await file.restore(notebook)
    return { hash: file.document.hash, seq: file.document.seq }
  }

  private async setAside(path: string): Promise<void> {
    const [stem, extension] = splitExtension(baseName(path))
    const aside = await this.contents.freePath(parentPath(path), `${stem}-damaged`, extension)
    await this.contents.rename(path, aside)
  }
}
