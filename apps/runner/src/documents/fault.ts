/** Why a document cannot be saved, in words. Pure. */
import { MayflyError } from '@mayfly/executor/errors'

const PROTECTED = new Set(['EACCES', 'EPERM', 'EROFS'])
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** An error of the file system as `E_DISK_FULL`, `E_READ_ONLY` or `E_DOCUMENT_SAVE`; ours stay as they are. */
export function toFault(thrown: unknown, path: string): MayflyError {
  if (thrown instanceof MayflyError) return thrown
  const { code, message } = thrown as NodeJS.ErrnoException
  if (code !== undefined && NO_ROOM.has(code))
    return new MayflyError('E_DISK_FULL', `${path} cannot be saved: the disk is full`, {
      where: { path },
      hint: 'Make room; until then new outputs are in memory only, and saved as soon as there is room again.',
      cause: thrown,
    })
  if (code !== undefined && PROTECTED.has(code))
    return new MayflyError('E_READ_ONLY', `${path} cannot be saved: it, or its folder, is write-protected`, {
      where: { path },
      hint: 'Allow writing, or save a copy elsewhere; until then new outputs are in memory only.',
      cause: thrown,
    })
  return new MayflyError('E_DOCUMENT_SAVE', `${path} cannot be saved: ${message}`, {
    where: { path },
    hint: 'New outputs are in memory until saving works again; it is tried every few seconds.',
    cause: thrown,
  })
}
