/** From options to an assembly on disk, without network and without credentials. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeApp } from './app.js'
import { settings as checked, type Settings } from './settings.js'
import { writeWorker } from './worker.js'

export interface Synthesized {
  settings: Settings
  /** Folder of the assembly, for `cdk --app`. */
  assembly: string
  /** Resources of the stack by type. */
  resources: Record<string, number>
  /** Hash of the worker in the functions. */
  worker: string
}

/** Throws one sentence for a wrong option, and the report of cdk-nag for a finding that is not accounted for. */
export async function synthesize(given: Parameters<typeof checked>[0], folder: string): Promise<Synthesized> {
  const settings = checked(given)
  const worker = await writeWorker(folder)
  const assembly = join(folder, 'cdk.out')
  // What an earlier synthesis left would be published, too.
  await rm(assembly, { recursive: true, force: true })
  const { app } = makeApp(settings, worker, assembly)
  const { Resources } = app.synth().getStackByName(settings.name).template as {
    Resources: Record<string, { Type: string }>
  }
  const resources: Record<string, number> = {}
  for (const { Type } of Object.values(Resources)) resources[Type] = (resources[Type] ?? 0) + 1
  return { settings, assembly, resources, worker: worker.hash }
}
