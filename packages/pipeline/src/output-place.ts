/** Where results go: a folder of this machine, or the executor's storage, into which workers write by themselves. */
import { fileURLToPath } from 'node:url'
import type { Storage } from '@mayfly/executor'
import { MayflyError } from '@mayfly/executor/errors'
import { FolderOutput } from './output-folder.js'
import { StorageOutput } from './output-storage.js'

/** Files below one place; their names may have slashes. Nothing else that lies there is ever touched. */
export interface OutputPlace {
  /** Where a file of the place is, for messages. */
  nameOf(file: string): string
  /**
   * Checks that files can be written, so that a long run does not end at a closed door.
   * @throws MayflyError E_OUTPUT.
   */
  prepare(): Promise<void>
  /** Writes a file that appears whole or not at all. */
  write(file: string, content: string | Uint8Array): Promise<void>
  /** The text of a file; undefined when there is none. */
  read(file: string): Promise<string | undefined>
  remove(files: readonly string[]): Promise<void>
  /** Where workers may write the files by themselves. */
  readonly direct?: { bucket: string; prefix: string }
}

/**
 * The place that `written` means: a path, a `file://` URL, or `<backend>://bucket/key` of the executor's storage.
 * @throws MayflyError E_OUTPUT for a storage that is not the executor's.
 */
export function outputPlace(written: string, storage: Storage): OutputPlace {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+._-]*):\/\/(.*)$/is.exec(written) ?? []
  if (scheme === undefined) return new FolderOutput(written)
  if (scheme.toLowerCase() === 'file') return new FolderOutput(fileURLToPath(written))
  const backend = scheme.toLowerCase() === 's3' ? 'aws_s3' : scheme.toLowerCase()
  const [bucket = '', ...parts] = rest.split('/')
  const prefix = parts.filter((part) => part !== '').join('/')
  if (backend === storage.backend && bucket !== '' && prefix !== '')
    return new StorageOutput(storage, scheme, bucket, prefix)
  throw new MayflyError('E_OUTPUT', `results cannot be written to ${written}`, {
    hint:
      backend === storage.backend
        ? `Give a bucket and a folder in it, such as ${scheme}://my-bucket/files/results.`
        : `The storage of this run is ${storage.backend}: give a folder, or run with --storage ${backend}.`,
    where: { folder: written },
  })
}
