/** Unfinished multipart uploads: a folder each, a file per part, out of sight of lists. */

import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place, PutOptions, UploadedPart } from '../driver.js'
import { badUpload } from '../errors.js'
import { errno } from './files.js'
import { TEMPORARY, UPLOADS } from './names.js'

interface Upload {
  key: string
  options: PutOptions
}

export async function createUpload(root: string, place: Place, options: PutOptions): Promise<string> {
  const id = randomBytes(16).toString('hex')
  await mkdir(join(root, UPLOADS, id), { recursive: true })
  await writeFile(join(root, UPLOADS, id, 'upload.json'), JSON.stringify({ key: place.key, options } satisfies Upload))
  return id
}

export async function writePart(
  root: string,
  place: Place,
  id: string,
  number: number,
  body: Uint8Array,
): Promise<UploadedPart> {
  await readUpload(root, place, id)
  const folder = join(root, UPLOADS, id)
  const temporary = join(folder, `${TEMPORARY}${randomBytes(8).toString('hex')}`)
  try {
    await writeFile(temporary, body)
    await rename(temporary, join(folder, String(number)))
  } catch (error) {
    if (errno(error) === 'ENOENT') throw badUpload(place, 'it was ended meanwhile')
    throw error
  }
  return { number, etag: await partEtag(join(folder, String(number))) }
}

/** What the upload was opened with; `E_STORAGE_UPLOAD` if there is none of that id and key. */
export async function readUpload(root: string, place: Place, id: string): Promise<Upload> {
  const known = /^[0-9a-f]{32}$/.test(id)
    ? await readFile(join(root, UPLOADS, id, 'upload.json'), 'utf8').catch(() => undefined)
    : undefined
  const upload = known && (JSON.parse(known) as Upload)
  if (!upload || upload.key !== place.key) throw badUpload(place, 'there is no such upload')
  return upload
}

/** Throws `E_STORAGE_UPLOAD` unless the upload has all these parts. */
export async function checkParts(root: string, place: Place, id: string, parts: readonly UploadedPart[]) {
  for (const { number, etag } of parts) {
    const path = join(root, UPLOADS, id, String(number))
    const there = await partEtag(path).catch(() => undefined)
    if (there !== etag) throw badUpload(place, `part ${number} is not the one that was sent`)
  }
}

/** Puts the parts together in one new file. */
export async function joinParts(root: string, id: string, parts: readonly UploadedPart[], path: string) {
  const file: FileHandle = await open(path, 'wx')
  try {
    for (const { number } of parts) {
      for await (const chunk of createReadStream(join(root, UPLOADS, id, String(number)), { highWaterMark: 1 << 20 })) {
        await file.writeFile(chunk as Uint8Array)
      }
    }
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

export async function removeUpload(root: string, id: string): Promise<void> {
  if (/^[0-9a-f]{32}$/.test(id)) await rm(join(root, UPLOADS, id), { recursive: true, force: true })
}

async function partEtag(path: string): Promise<string> {
  const { size, mtimeNs, ino } = await stat(path, { bigint: true })
  return `${size.toString(36)}-${mtimeNs.toString(36)}-${ino.toString(36)}`
}
