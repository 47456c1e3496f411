/** Where Jupyter looks for kernels, by its own rules (jupyter_core.paths). Pure but for the question to Python. */
import { execFileSync } from 'node:child_process'
import { homedir } from 'node:os'
import { delimiter, join, posix, win32 } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'

export interface Machine {
  platform: NodeJS.Platform
  env: NodeJS.ProcessEnv
  home: string
}

export const thisMachine = (): Machine => ({ platform: process.platform, env: process.env, home: homedir() })

/** The user's own data folder of Jupyter. */
export function userFolder({ platform, env, home }: Machine): string {
  const { join } = platform === 'win32' ? win32 : posix
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR
  if (platform === 'darwin') return join(home, 'Library', 'Jupyter')
  if (platform === 'win32') return join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'jupyter')
  return join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'jupyter')
}

/** The data folder below an installation prefix. */
export const prefixFolder = (prefix: string): string => join(prefix, 'share', 'jupyter')

/**
 * The prefix of the Python environment in use: `VIRTUAL_ENV`, `CONDA_PREFIX`, else what the `python3` on PATH says.
 * @throws MayflyError `E_KERNEL_PREFIX` when there is none.
 */
export function pythonPrefix(env: NodeJS.ProcessEnv = process.env): string {
  const active = env.VIRTUAL_ENV ?? env.CONDA_PREFIX
  if (active) return active
  for (const python of ['python3', 'python']) {
    try {
      const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore']
      return execFileSync(python, ['-c', 'import sys; print(sys.prefix)'], { env, encoding: 'utf8', stdio }).trim()
    } catch {
      // The next name, then the error.
    }
  }
  throw new MayflyError('E_KERNEL_PREFIX', 'There is no Python environment for --sys-prefix.', {
    hint: 'Activate one, or say --prefix FOLDER, or --user for your own Jupyter folder.',
  })
}

/** Every data folder that Jupyter searches on this machine, first come first. */
export function searchFolders(machine: Machine): string[] {
  const { platform, env } = machine
  const listed = (env.JUPYTER_PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const environment = [env.VIRTUAL_ENV, env.CONDA_PREFIX].filter((prefix) => prefix !== undefined).map(prefixFolder)
  const system =
    platform === 'win32'
      ? [win32.join(env.PROGRAMDATA ?? 'C:\\ProgramData', 'jupyter')]
      : ['/usr/local/share/jupyter', '/usr/share/jupyter']
  return [...new Set([...listed, userFolder(machine), ...environment, ...system])]
}
