/** Data sets named loosely: by their folder, or in another case than the file has (`.IBD`). */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { MayflyError } from '@mayfly/executor/errors'
import { type Input, locateInput } from './place.js'

/**
 * As `locateInput`; a folder means the one file in it with the extension (and the stem, if one is given), and a path that is not
 * there the one file beside it whose name differs only in case.
 * @throws MayflyError `missing` when there is no such file or more than one, E_CONFIG_PATH.
 */
export function locateInFolder(
  written: string,
  baseDir: string,
  missing: string,
  extension: string,
  stem?: string,
): Input {
  if (/^[a-z][a-z0-9+._-]*:\/\//i.test(written)) return locateInput(written, baseDir, missing)
  const path = isAbsolute(written) ? written : resolve(baseDir, written)
  if (isFolder(path)) {
    const wanted = (name: string) =>
      name.toLowerCase().endsWith(extension) && (stem === undefined || isEqual(name, stem + extension))
    return locateInput(theOnly(path, wanted, missing, `${stem ?? '*'}${extension}`), baseDir, missing)
  }
  if (!existsSync(path) && isFolder(dirname(path))) {
    const alike = readdirSync(dirname(path)).filter((name) => isEqual(name, basename(path)))
    if (alike.length > 0) {
      return locateInput(
        theOnly(dirname(path), (name) => alike.includes(name), missing, basename(path)),
        baseDir,
        missing,
      )
    }
  }
  return locateInput(written, baseDir, missing)
}

const isFolder = (path: string) => existsSync(path) && statSync(path).isDirectory()
const isEqual = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

function theOnly(folder: string, wanted: (name: string) => boolean, missing: string, what: string): string {
  const found = readdirSync(folder).filter(wanted)
  if (found.length === 1) return join(folder, found[0] as string)
  const problem = found.length === 0 ? `holds no ${what}` : `holds several: ${found.sort().join(', ')}`
  throw new MayflyError(missing, `${folder} ${problem}`, {
    hint: 'Give the path of the file itself.',
    where: { path: folder },
  })
}
