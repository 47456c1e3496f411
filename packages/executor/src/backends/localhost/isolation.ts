/**
 * Worker processes in a sandbox of bubblewrap: the machine's files can be read but not written, a few that hold credentials
 * not even read, `/tmp` is the worker's own, and whatever it starts ends with it. What it may write is Mayfly's home. The
 * network stays, since storage may be there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { MayflyError } from '../../errors.js'

export type Isolation = 'none' | 'bwrap'

/** Folders of a user's home that functions have no business in. */
const PRIVATE = ['.ssh', '.aws', '.azure', '.config/gcloud', '.gnupg', '.kube', '.docker']

let proven = false

/** Throws `E_CONFIG_ISOLATION` where sandboxes cannot be made. */
export function checkIsolation(isolation: Isolation | undefined): void {
  if (isolation !== 'bwrap' || proven) return
  const { error, status, stderr } = spawnSync('bwrap', [
    '--ro-bind',
    '/',
    '/',
    '--unshare-pid',
    '--proc',
    '/proc',
    'true',
  ])
  if (!error && status === 0) {
    proven = true
    return
  }
  const why = error ? (error as Error).message : String(stderr).trim()
  throw new MayflyError('E_CONFIG_ISOLATION', `Workers cannot be isolated with bubblewrap here: ${why}`, {
    hint: "Install the package 'bubblewrap' and allow unprivileged user namespaces, or set isolation to 'none'.",
    where: { key: 'isolation' },
  })
}

/**
 * The command that runs `command` in a sandbox.
 *
 * @param command absolute path of a program, and its arguments
 * @param places `writable` folders, and files or folders that must be `readable` although they lie in `/tmp`
 */
export function sandboxed(command: readonly string[], places: { writable: string[]; readable: string[] }): string[] {
  const visible = [...new Set(places.readable.flatMap((path) => ownCorner(path)))]
  const hidden = PRIVATE.map((name) => join(homedir(), name)).filter((path) => existsSync(path))
  return [
    ...['bwrap', '--die-with-parent', '--unshare-pid', '--unshare-ipc', '--ro-bind', '/', '/'],
    ...['--dev', '/dev', '--proc', '/proc', '--tmpfs', '/tmp'],
    ...visible.flatMap((path) => ['--ro-bind-try', path, path]),
    ...hidden.flatMap((path) => ['--tmpfs', path]),
    ...places.writable.flatMap((path) => ['--bind-try', path, path]),
    ...command,
  ]
}

/** The part of `/tmp` a path lies in: packages are looked for in the folders above a file, too. */
function ownCorner(path: string): string[] {
  const [, tmp, corner] = path.split('/')
  return tmp === 'tmp' && corner ? [`/tmp/${corner}`] : []
}
