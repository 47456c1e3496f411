/** The configuration file of the workspace: `mayfly.config.json`, changed section by section. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { writeAtomic } from '../workspace/atomic.js'
import type { Workspace } from '../workspace/workspace.js'

const NAME = 'mayfly.config.json'
/** A file of code beside it would be read in its place. */
const CODE = ['ts', 'mts', 'js', 'mjs'].map((ending) => `mayfly.config.${ending}`)
/** Stands for a file that is not there. */
const ABSENT = 'absent'

export interface Target {
  /** Relative to the workspace. */
  path: string
  /** Changes with the file's bytes. */
  etag: string
  /** Why it must not be written; undefined when it may. */
  reason?: string
}

/** What a change does to a section: `null` removes a field, fields that are not named stay. */
export type Change = Record<string, Record<string, unknown>>

/** The file a change would be written to. */
export async function targetOf(workspace: Workspace, env: NodeJS.ProcessEnv = process.env): Promise<Target> {
  const { text } = await read(workspace)
  const reason = obstacle(workspace.root, env)
  return { path: NAME, etag: etagOf(text), ...(reason ? { reason } : {}) }
}

/**
 * Changes sections of the file, which is made if it is not there; everything else in it stays.
 * @param etag What the file was when the change was made up
 * @param check Throws when the new content must not be written
 * @throws MayflyError `E_CONFIG_READ_ONLY`, `E_CONFIG_CONFLICT` or `E_CONFIG_FILE`
 */
export async function changeConfig(
  workspace: Workspace,
  change: Change,
  { etag, check, env = process.env }: { etag: string; check: (text: string) => Promise<void>; env?: NodeJS.ProcessEnv },
): Promise<Target> {
  const reason = obstacle(workspace.root, env)
  if (reason) {
    throw new MayflyError('E_CONFIG_READ_ONLY', reason, { hint: 'Copy the sections into that file by hand.' })
  }
  const { text, path, mode } = await read(workspace)
  const unchanged = (now: string | undefined) => {
    if (etagOf(now) === etag) return
    throw new MayflyError('E_CONFIG_CONFLICT', `${NAME} has changed since it was shown here`, {
      hint: 'Look at what is there now, then save again.',
    })
  }
  unchanged(text)
  const next = changed(text, change)
  await check(next)
  await writeAtomic(path, next, { mode, check: async () => unchanged((await read(workspace)).text) })
  return { path: NAME, etag: etagOf(next) }
}

/** The new text of the file, indented as the old one. Pure. @throws MayflyError `E_CONFIG_FILE` */
export function changed(text: string | undefined, change: Change): string {
  const values = parse(text ?? '{}')
  for (const [name, fields] of Object.entries(change)) {
    const section: Record<string, unknown> = { ...(isObject(values[name]) ? values[name] : {}) }
    for (const [key, value] of Object.entries(fields)) {
      if (value === null) delete section[key]
      else section[key] = value
    }
    if (Object.keys(section).length > 0) values[name] = section
    else delete values[name]
  }
  const indent = /^\{\s*\n([ \t]+)"/.exec(text ?? '')?.[1] ?? 2
  return `${JSON.stringify(values, null, indent)}\n`
}

function parse(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new MayflyError('E_CONFIG_FILE', `${NAME} is not JSON: ${(cause as Error).message}`, {
      hint: 'Correct the file first, or move it away.',
      cause,
    })
  }
  if (isObject(value)) return value
  throw new MayflyError('E_CONFIG_FILE', `${NAME} must hold one object`, { hint: 'Correct the file first.' })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function obstacle(root: string, env: NodeJS.ProcessEnv): string | undefined {
  const named = env.MAYFLY_CONFIG
  if (named && resolve(root, named) !== join(root, NAME)) return `MAYFLY_CONFIG names ${named}: ${NAME} is not read`
  const code = CODE.find((name) => existsSync(join(root, name)))
  return code && `The configuration of this workspace is code: ${code}`
}

async function read(workspace: Workspace): Promise<{ path: string; text?: string; mode?: number }> {
  const path = await workspace.resolveReal(NAME)
  try {
    const [text, { mode }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return { path, text, mode }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { path }
    throw error
  }
}

function etagOf(text: string | undefined): string {
  return text === undefined ? ABSENT : createHash('sha256').update(text).digest('hex').slice(0, 32)
}
