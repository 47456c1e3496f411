/** The folder `annotate` writes into: `results.csv`, `images/*.png` and files beside them; nothing else in it is ever touched. */
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { checkCancelled } from './cancel.js'
import { toGreyPng } from './images/index.js'
import { resultsCsv } from './results-csv.js'
import type { Mode } from './search.js'
import type { Annotation, IonImage } from './types.js'

/** Ions with an FDR above this get no picture. */
const WITH_IMAGE = 0.5
/** Dense images held in memory at once. */
const AT_A_TIME = 64

/**
 * Makes the folder and checks that files can be written into it, so that a long run does not end at a closed door.
 * @throws MayflyError E_OUTPUT.
 */
export async function prepareOutput(folder: string): Promise<void> {
  const probe = join(folder, 'images', `.mayfly-${process.pid}`)
  try {
    await makeFolder(join(folder, 'images'))
    await (await open(probe, 'w')).close()
    await rm(probe)
  } catch (cause) {
    throw new MayflyError('E_OUTPUT', `cannot write into ${folder}: ${(cause as Error).message}`, {
      hint: 'Give a folder that you may write into, or leave the files out with --no-output.',
      where: { folder },
      cause,
    })
  }
}

/** Makes a folder and its parents. Node's own recursive mkdir never returns where nothing can be made, as below /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    if (await stat(dirname(folder)).catch(() => undefined)) throw error
    await makeFolder(dirname(folder))
    await mkdir(folder)
  }
}

/**
 * Writes annotations and the images of those with an FDR of at most 0.5. Images of an earlier run, known from its results.csv,
 * are removed first; results.csv is replaced before the new images come, so that whenever this is broken off it lists them all.
 * @param mode decides the columns of the table.
 * @param read gives the images of some annotations.
 * @param signal breaks off between two images.
 * @returns the number of images.
 */
export async function writeOutput(
  folder: string,
  annotations: readonly Annotation[],
  mode: Mode,
  read: (annotations: readonly Annotation[]) => Promise<readonly IonImage[]>,
  signal?: AbortSignal,
): Promise<number> {
  const table = join(folder, 'results.csv')
  const pictured = annotations.filter(({ fdr }) => fdr <= WITH_IMAGE)
  const names = new Set(pictured.map(({ full_mol }) => full_mol))
  for (const name of await earlierIons(table)) {
    if (!names.has(name)) await rm(join(folder, 'images', `${name}.png`), { force: true })
  }
  await writeWhole(table, resultsCsv(annotations, mode))
  for (let at = 0; at < pictured.length; at += AT_A_TIME) {
    for (const image of await read(pictured.slice(at, at + AT_A_TIME))) {
      if (signal) checkCancelled(signal, 'writing the images')
      await writeWhole(join(folder, 'images', `${image.full_mol}.png`), toGreyPng(image))
    }
  }
  return names.size
}

/** Writes a file that appears whole or not at all. */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const fresh = `${file}.${process.pid}`
  try {
    await writeFile(fresh, content)
    await rename(fresh, file)
  } finally {
    await rm(fresh, { force: true })
  }
}

/** Names of ions in the last column of a results.csv as written here; none where there is no such file. */
async function earlierIons(table: string): Promise<string[]> {
  const text = await readFile(table, 'utf8').catch(() => '')
  const [head, ...lines] = text.split('\n')
  if (!head?.endsWith(',full_mol')) return []
  return lines.map((line) => line.slice(line.lastIndexOf(',') + 1)).filter((name) => /^[\w().=+-]+$/.test(name))
}
