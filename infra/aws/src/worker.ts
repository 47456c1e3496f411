/** The code of the functions, made by the executor itself: what is deployed is what it would deploy. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Worker } from './stack.js'

interface Bundle {
  HANDLER: string
  workerBundle(): Promise<{ hash: string; archive: Uint8Array }>
}

/** Writes the archive into `folder`. */
export async function writeWorker(folder: string): Promise<Worker> {
  const built = new URL('backends/aws-lambda/bundle.js', import.meta.resolve('@mayfly/executor'))
  const { HANDLER, workerBundle }: Bundle = await import(built.href)
  const { hash, archive } = await workerBundle()
  await mkdir(folder, { recursive: true })
  const file = join(folder, `worker-${hash}.zip`)
  await writeFile(file, archive)
  return { file, hash, handler: HANDLER }
}
