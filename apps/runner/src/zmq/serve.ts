/** `mayfly kernel run`: the process that a Jupyter client starts. It ends with its client, and with exit code 1 when the kernel died. */
import { randomUUID } from 'node:crypto'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { isAlive } from '@mayfly/executor/processes'
import { readConnection } from './connection.js'
import { type End, JupyterKernel } from './kernel.js'

const PARENT_POLL_MS = 1000

/**
 * Serves one kernel until it ends.
 * @param file The connection file.
 * @param env `MAYFLY_WORKSPACE` (default: the current folder, which Jupyter sets to the notebook's), `MAYFLY_HOME`,
 * and what Jupyter sets: `JPY_SESSION_NAME`, the notebook; `JPY_PARENT_PID`, who must be alive.
 * @returns The exit code: 0, or 1 when the kernel died.
 * @throws MayflyError `E_KERNEL_CONNECTION`, `E_KERNEL_SIGNATURE`, `E_KERNEL_ZEROMQ`, or what the start of a kernel throws.
 */
export async function serveKernel(file: string, env: NodeJS.ProcessEnv = process.env): Promise<number> {
  const connection = await readConnection(file)
  const { Kernel } = await import('../kernel/index.js')
  const place = placeOf(env)
  const kernel = new Kernel({ id: randomUUID(), ...place })
  const served = new JupyterKernel(kernel, connection, place.home, (text) => process.stderr.write(`${text}\n`))
  const stop = () => void served.stop()
  const interrupt = () => served.interrupt()
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
  process.on('SIGINT', interrupt)
  const parent = watchParent(env, stop)
  try {
    await served.start(connection)
    return exitCode(await served.ended)
  } catch (error) {
    await kernel.shutdown()
    throw error
  } finally {
    clearInterval(parent)
    process.off('SIGTERM', stop)
    process.off('SIGHUP', stop)
    process.off('SIGINT', interrupt)
  }
}

const exitCode = (end: End): number => (end === 'died' ? 1 : 0)

/** Jupyter starts kernels in the notebook's folder and names the notebook. */
function placeOf(env: NodeJS.ProcessEnv): { workspace: string; home: string; notebook?: string } {
  const workspace = resolve(env.MAYFLY_WORKSPACE ?? process.cwd())
  const home = resolve(env.MAYFLY_HOME ?? join(workspace, '.mayfly'))
  const notebook = env.JPY_SESSION_NAME?.endsWith('.ipynb') ? relative(workspace, env.JPY_SESSION_NAME) : ''
  const inside = notebook !== '' && !notebook.startsWith('..') && !isAbsolute(notebook)
  return { workspace, home, ...(inside ? { notebook } : {}) }
}

/** A client that was killed cannot say goodbye. On Windows the variable is a handle, so the real parent is asked for there. */
function watchParent(env: NodeJS.ProcessEnv, gone: () => void): NodeJS.Timeout | undefined {
  const named = Number(env.JPY_PARENT_PID)
  if (!Number.isInteger(named) || named <= 1) return undefined
  const pid = process.platform === 'win32' ? process.ppid : named
  const timer = setInterval(() => isAlive(pid) || gone(), PARENT_POLL_MS)
  return timer.unref()
}
