/** Kernel specifications: what `mayfly kernel install` writes into Jupyter's folders, and how it is found and removed again. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { z } from 'zod'
import { LOGO } from './logo.js'

export interface SpecOptions {
  name: string
  displayName: string
  /** The script of the `mayfly` command, absolute. */
  script: string
}

export interface FoundSpec {
  name: string
  displayName: string
  /** The folder that holds kernel.json. */
  folder: string
  /** What is missing of what it starts: Node or the script moved. */
  missing?: string
}

/** By this a specification is known as ours, whatever its name. */
const specSchema = z.object({
  argv: z.array(z.string()),
  display_name: z.string(),
  metadata: z.object({ mayfly: z.object({ version: z.string() }) }),
})

export const DEFAULT_NAME = 'mayfly'
export const DEFAULT_DISPLAY_NAME = 'TypeScript (Mayfly)'

/** @returns The name as Jupyter keeps it: in small letters. @throws MayflyError `E_KERNEL_NAME` for a name that Jupyter refuses. */
export function checkName(name: string): string {
  if (/^[a-z0-9._-]+$/i.test(name) && !/^\.+$/.test(name)) return name.toLowerCase()
  throw new MayflyError('E_KERNEL_NAME', `${JSON.stringify(name)} cannot be the name of a kernel.`, {
    hint: 'Use letters, digits, ".", "_" and "-". What people see is --display-name.',
  })
}

/**
 * Writes the specification below a data folder of Jupyter, over one that is there.
 * @returns Its folder. @throws MayflyError `E_KERNEL_NAME`, `E_KERNEL_INSTALL`.
 */
export function installSpec(dataFolder: string, { name, displayName, script }: SpecOptions): string {
  const folder = join(dataFolder, 'kernels', checkName(name))
  const spec = {
    argv: [process.execPath, script, 'kernel', 'run', '--conn', '{connection_file}'],
    display_name: displayName,
    language: 'typescript',
    interrupt_mode: 'message',
    metadata: { mayfly: { version: '0.1.0' }, debugger: false },
  }
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'kernel.json'), `${JSON.stringify(spec, null, 2)}\n`)
    writeFileSync(join(folder, 'logo-svg.svg'), LOGO)
  } catch (cause) {
    throw new MayflyError('E_KERNEL_INSTALL', `${folder} cannot be written: ${(cause as Error).message}.`, {
      hint: 'Use --user, or a --prefix that you may write to.',
      cause,
    })
  }
  return folder
}

/** Our specifications in these data folders. */
export function findSpecs(dataFolders: readonly string[]): FoundSpec[] {
  return dataFolders.flatMap((dataFolder) =>
    entriesOf(join(dataFolder, 'kernels')).flatMap((name) => {
      const folder = join(dataFolder, 'kernels', name)
      const spec = readSpec(folder)
      if (!spec) return []
      const missing = spec.argv.slice(0, 2).find((path) => !existsSync(path))
      return [{ name, displayName: spec.display_name, folder, ...(missing ? { missing } : {}) }]
    }),
  )
}

/**
 * Removes our specification of this name from a data folder.
 * @returns The folder that was removed. @throws MayflyError `E_KERNEL_UNINSTALL` when there is none or it is not ours.
 */
export function uninstallSpec(dataFolder: string, name: string): string {
  const folder = join(dataFolder, 'kernels', checkName(name))
  if (!readSpec(folder)) {
    const what = existsSync(folder) ? 'is a kernel of someone else' : 'does not exist'
    throw new MayflyError('E_KERNEL_UNINSTALL', `${folder} ${what}.`, { hint: 'See: mayfly kernel list.' })
  }
  rmSync(folder, { recursive: true })
  return folder
}

function readSpec(folder: string): z.infer<typeof specSchema> | undefined {
  try {
    return specSchema.safeParse(JSON.parse(readFileSync(join(folder, 'kernel.json'), 'utf8'))).data
  } catch {
    return undefined
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}
