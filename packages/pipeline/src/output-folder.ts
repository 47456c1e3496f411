/** Results as files of a folder. */
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import type { OutputPlace } from './output-place.js'

export class FolderOutput implements OutputPlace {
  /** Folders that are known to be there. */
  readonly #made = new Set<string>()

  constructor(private readonly folder: string) {}

  nameOf(file: string): string {
    return join(this.folder, file)
  }

  async prepare(): Promise<void> {
    const probe = this.nameOf(`images/.mayfly-${process.pid}`)
    try {
      await makeFolder(dirname(probe))
      await (await open(probe, 'w')).close()
      await rm(probe)
    } catch (cause) {
      throw new MayflyError('E_OUTPUT', `cannot write into ${this.folder}: ${(cause as Error).message}`, {
        hint: 'Give a folder that you may write into, or leave the files out with --no-output.',
        where: { folder: this.folder },
        cause,
      })
    }
  }

  async write(file: string, content: string | Uint8Array): Promise<void> {
    const path = this.nameOf(file)
    if (!this.#made.has(dirname(path))) await makeFolder(dirname(path))
    this.#made.add(dirname(path))
    const fresh = `${path}.${process.pid}`
    try {
      await writeFile(fresh, content)
      await rename(fresh, path)
    } finally {
      await rm(fresh, { force: true })
    }
  }

  read(file: string): Promise<string | undefined> {
    return readFile(this.nameOf(file), 'utf8').catch(() => undefined)
  }

  async remove(files: readonly string[]): Promise<void> {
    for (const file of files) await rm(this.nameOf(file), { force: true })
  }
}

/** Makes a folder and its parents. Node's own recursive mkdir never returns where nothing can be made, as below /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    if (await stat(dirname(folder)).catch(() => undefined)) throw error
    await makeFolder(dirname(folder))
    await mkdir(folder)
  }
}
