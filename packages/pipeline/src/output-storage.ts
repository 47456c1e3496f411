/** Results as objects below a prefix of a storage. */
import type { Storage } from '@mayfly/executor'
import { MayflyError } from '@mayfly/executor/errors'
import type { OutputPlace } from './output-place.js'

export class StorageOutput implements OutputPlace {
  readonly direct: { bucket: string; prefix: string }

  /** @param scheme as the user wrote it. */
  constructor(
    private readonly storage: Storage,
    private readonly scheme: string,
    bucket: string,
    folder: string,
  ) {
    this.direct = { bucket, prefix: `${folder}/` }
  }

  nameOf(file: string): string {
    return `${this.scheme}://${this.direct.bucket}/${this.#key(file)}`
  }

  async prepare(): Promise<void> {
    const probe = `.mayfly-${process.pid}`
    try {
      await this.write(probe, '')
      await this.remove([probe])
    } catch (cause) {
      throw new MayflyError('E_OUTPUT', `cannot write to ${this.nameOf('')}: ${(cause as Error).message}`, {
        hint: 'Check bucket and rights, or leave the files out with --no-output.',
        where: { folder: this.nameOf('') },
        cause,
      })
    }
  }

  async write(file: string, content: string | Uint8Array): Promise<void> {
    await this.storage.putObject(this.direct.bucket, this.#key(file), content)
  }

  async read(file: string): Promise<string | undefined> {
    try {
      return new TextDecoder().decode(await this.storage.getObject(this.direct.bucket, this.#key(file)))
    } catch (error) {
      if ((error as MayflyError).code === 'E_STORAGE_NOT_FOUND') return undefined
      throw error
    }
  }

  async remove(files: readonly string[]): Promise<void> {
    const keys = files.map((file) => this.#key(file))
    if (keys.length > 0) await this.storage.deleteObjects(this.direct.bucket, keys)
  }

  #key(file: string): string {
    return this.direct.prefix + file
  }
}
