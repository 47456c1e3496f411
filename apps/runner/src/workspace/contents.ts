/** Files, folders and notebooks of the workspace as Jupyter's contents models (jupyter_server, contents API). */
import { createHash } from 'node:crypto'
import { createReadStream, type Stats } from 'node:fs'
import { access, constants, copyFile, lstat, mkdir, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { MayflyError } from '@mayfly/executor/errors'
import { blankNotebook, decodeNotebook, formatNotebook, parseNotebook, toNotebook } from '../nbformat.js'
import { notFound } from '../problem.js'
import { writeAtomic } from './atomic.js'
import { mimeType } from './mime.js'
import { baseName, joinPath, normalizePath, parentPath, splitExtension } from './paths.js'
import type { Workspace } from './workspace.js'

export type ContentsType = 'notebook' | 'file' | 'directory'
export type ContentsFormat = 'json' | 'text' | 'base64'

export interface ContentsModel {
  name: string
  path: string
  type: ContentsType
  created: string
  last_modified: string
  size: number | null
  writable: boolean
  mimetype: string | null
  format: ContentsFormat | null
  content: unknown
  hash?: string
  hash_algorithm?: 'sha256'
}

export interface ReadOptions {
  type?: ContentsType | undefined
  format?: 'text' | 'base64' | undefined
  /** Default true. */
  content?: boolean
  /** Adds the sha256 of the bytes; default false. */
  hash?: boolean
}

/** What goes into one answer at most; larger files are for `/files`, which streams. */
export const MAX_INLINE_BYTES = 100 * 1024 * 1024

export class Contents {
  constructor(private readonly workspace: Workspace) {}

  /** The model of a path. Throws `E_NOT_FOUND`, `E_FILE_TYPE` when it is not of the type or format asked for. */
  async get(path: string, options: ReadOptions = {}): Promise<ContentsModel> {
    const normal = normalizePath(path)
    const absolute = await this.workspace.resolve(normal)
    const stats = await stat(absolute).catch(() => undefined)
    if (!stats) throw notFound('path', normal)
    const type = typeOf(normal, stats, options.type)
    const model = await describe(normal, absolute, stats, type)
    if (options.hash && type !== 'directory') {
      model.hash = await hashFile(absolute)
      model.hash_algorithm = 'sha256'
    }
    if (options.content === false) return model
    if (type === 'directory') return { ...model, format: 'json', content: await this.list(normal, absolute) }
    if (stats.size > MAX_INLINE_BYTES)
      throw new MayflyError('E_FILE_TOO_LARGE', `${normal} has ${stats.size} bytes, too many for one answer`, {
        where: { path: normal },
        hint: 'Download it from /files instead.',
      })
    const bytes = await readFile(absolute)
    if (type === 'notebook')
      return { ...model, format: 'json', content: parseNotebook(decodeNotebook(bytes, normal), normal), mimetype: null }
    return { ...model, ...encode(bytes, normal, options.format, model.mimetype) }
  }

  /** Creates or replaces a file, notebook or folder. `created` says whether it was not there before. */
  async save(
    path: string,
    body: { type: ContentsType; format?: ContentsFormat | null | undefined; content?: unknown },
  ): Promise<{ model: ContentsModel; created: boolean }> {
    const normal = normalizePath(path)
    if (normal === '') throw new MayflyError('E_PATH_INVALID', 'the workspace itself cannot be replaced')
    const absolute = await this.workspace.resolveReal(normal)
    const before = await stat(absolute).catch(() => undefined)
    if (body.type === 'directory') {
      if (before && !before.isDirectory()) throw exists(normal)
      await mkdir(absolute, { recursive: true })
    } else {
      if (before?.isDirectory()) throw exists(normal)
      await this.requireFolder(normal)
      await writeAtomic(absolute, decode(body, normal), { mode: before?.mode })
    }
    return { model: await this.get(normal, { type: body.type, content: false, hash: true }), created: !before }
  }

  /** Makes an empty notebook, file or folder with a free name in a folder. */
  async newUntitled(folder: string, type: ContentsType, extension = ''): Promise<ContentsModel> {
    const suffix = type === 'notebook' ? '.ipynb' : type === 'file' ? extension : ''
    const stem = type === 'notebook' ? 'Untitled' : type === 'file' ? 'untitled' : 'Untitled Folder'
    const path = await this.freePath(folder, stem, suffix, type === 'directory' ? ' ' : '')
    const content = type === 'notebook' ? blankNotebook() : ''
    return (await this.save(path, { type, format: type === 'file' ? 'text' : 'json', content })).model
  }

  /** Copies a file into a folder under its own or a free name. */
  async copy(from: string, folder: string): Promise<ContentsModel> {
    const source = normalizePath(from)
    const original = await this.get(source, { content: false })
    if (original.type === 'directory')
      throw new MayflyError('E_FILE_TYPE', `${source} is a folder; only files can be copied`)
    const [stem, extension] = splitExtension(original.name)
    const plain = stem.replace(/-Copy\d+$/, '')
    let target = joinPath(normalizePath(folder), original.name)
    if (await this.exists(target)) target = await this.freePath(folder, `${plain}-Copy`, extension, '', 1)
    await this.requireFolder(target)
    await copyFile(
      await this.workspace.resolveReal(source),
      await this.workspace.resolve(target),
      constants.COPYFILE_EXCL,
    )
    return this.get(target, { content: false })
  }

  /** Renames or moves. Throws `E_FILE_EXISTS` when the new name is taken. */
  async rename(from: string, to: string): Promise<ContentsModel> {
    const [source, target] = [normalizePath(from), normalizePath(to)]
    const [absolute, destination] = [await this.workspace.resolve(source), await this.workspace.resolve(target)]
    const stats = await lstat(absolute).catch(() => undefined)
    if (!stats || source === '') throw notFound('path', source)
    const taken = await lstat(destination).catch(() => undefined)
    // On case-insensitive file systems a change of case finds itself.
    if (source !== target && taken && taken.ino !== stats.ino) throw exists(target)
    await this.requireFolder(target)
    if (source !== target) await rename(absolute, destination)
    return this.get(target, { content: false })
  }

  /** Deletes a file, a link or an empty folder. */
  async delete(path: string): Promise<void> {
    const normal = normalizePath(path)
    if (normal === '') throw new MayflyError('E_PATH_INVALID', 'the workspace itself cannot be deleted')
    const absolute = await this.workspace.resolve(normal)
    const stats = await lstat(absolute).catch(() => undefined)
    if (!stats) throw notFound('path', normal)
    if (!stats.isDirectory()) return rm(absolute)
    await rmdir(absolute).catch((cause) => {
      if (cause.code !== 'ENOTEMPTY' && cause.code !== 'EEXIST') throw cause
      throw new MayflyError('E_FOLDER_NOT_EMPTY', `the folder ${normal} is not empty`, {
        where: { path: normal },
        hint: 'Delete what is in it first.',
      })
    })
  }

  async exists(path: string): Promise<boolean> {
    const absolute = await this.workspace.resolve(path)
    return lstat(absolute).then(
      () => true,
      () => false,
    )
  }

  /** The first of `stem.ext`, `stem1.ext`, `stem2.ext` … that is free; `first` starts the numbers without the plain name. */
  async freePath(folder: string, stem: string, extension: string, space = '', first = 0): Promise<string> {
    for (let n = first; ; n++) {
      const path = joinPath(normalizePath(folder), `${stem}${n === 0 ? '' : space + n}${extension}`)
      if (!(await this.exists(path))) return path
    }
  }

  private async list(path: string, absolute: string): Promise<ContentsModel[]> {
    const names = (await readdir(absolute)).filter((name) => !name.startsWith('.')).sort()
    const models = await Promise.all(
      names.map((name) =>
        // Links that leave the workspace and files that vanish meanwhile are not listed.
        this.get(joinPath(path, name), { content: false }).catch(() => undefined),
      ),
    )
    return models.filter((model) => model !== undefined)
  }

  private async requireFolder(path: string): Promise<void> {
    const folder = parentPath(path)
    const stats = await stat(await this.workspace.resolve(folder)).catch(() => undefined)
    if (!stats?.isDirectory()) throw notFound('folder', folder)
  }
}

async function describe(path: string, absolute: string, stats: Stats, type: ContentsType): Promise<ContentsModel> {
  const writable = await access(absolute, constants.W_OK).then(
    () => true,
    () => false,
  )
  return {
    name: baseName(path),
    path,
    type,
    created: stats.birthtime.toISOString(),
    last_modified: stats.mtime.toISOString(),
    size: type === 'directory' ? null : stats.size,
    writable,
    mimetype: type === 'file' ? (mimeType(path) ?? null) : null,
    format: null,
    content: null,
  }
}

function typeOf(path: string, stats: Stats, asked: ContentsType | undefined): ContentsType {
  const actual = stats.isDirectory() ? 'directory' : path.endsWith('.ipynb') ? 'notebook' : 'file'
  if (!asked || asked === actual) return actual
  if (actual === 'directory' || asked === 'directory')
    throw new MayflyError('E_FILE_TYPE', `${path || 'the workspace'} is a ${actual}, not a ${asked}`, {
      where: { path },
    })
  return asked
}

function encode(bytes: Buffer, path: string, asked: 'text' | 'base64' | undefined, mimetype: string | null) {
  if (asked !== 'base64') {
    try {
      const content = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
      return { format: 'text' as const, content, mimetype: mimetype ?? 'text/plain' }
    } catch {
      if (asked === 'text')
        throw new MayflyError('E_FILE_TYPE', `${path} is not UTF-8 text`, {
          where: { path },
          hint: 'Ask for it with format=base64.',
        })
    }
  }
  return {
    format: 'base64' as const,
    content: bytes.toString('base64'),
    mimetype: mimetype ?? 'application/octet-stream',
  }
}

function decode(
  body: { type: ContentsType; format?: ContentsFormat | null | undefined; content?: unknown },
  path: string,
): string | Buffer {
  const { type, format, content } = body
  if (type === 'notebook') return formatNotebook(toNotebook(content, path))
  if (format === 'json') return `${JSON.stringify(content, null, 2)}\n`
  if (typeof content !== 'string')
    throw new MayflyError('E_REQUEST_INVALID', `the content of ${path} must be a string`, { where: { path } })
  return format === 'base64' ? Buffer.from(content, 'base64') : content
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

function exists(path: string): MayflyError {
  return new MayflyError('E_FILE_EXISTS', `${path} exists already`, { where: { path }, hint: 'Choose another name.' })
}
