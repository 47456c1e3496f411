/** JSON values in a folder, each once, compressed, named by the sha256 of its text. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { sha256 } from './journal.js'

const NAME = /^[0-9a-f]{64}$/

const deflate = promisify(deflateRaw)
const inflate = promisify(inflateRaw)

export class Objects {
  constructor(private readonly folder: string) {}

  /** Stores a JSON text unless it is there; returns its name. */
  async put(text: string): Promise<string> {
    const name = sha256(text)
    if (await this.has(name)) return name
    await mkdir(this.folder, { recursive: true })
    const temporary = join(this.folder, `${name}.${randomBytes(4).toString('hex')}.tmp`)
    await writeFile(temporary, await deflate(text, { level: 1 }))
    await rename(temporary, join(this.folder, name))
    return name
  }

  async has(name: string): Promise<boolean> {
    return (await stat(join(this.folder, name)).catch(() => undefined)) !== undefined
  }

  /** The value. Rejects when the object is missing or damaged. */
  async get(name: string): Promise<unknown> {
    if (!NAME.test(name)) throw new Error(`${name} is no name of an object`)
    return JSON.parse((await inflate(await readFile(join(this.folder, name)))).toString('utf8'))
  }

  /** Names and compressed sizes of everything in the folder, also of what a killed runner left half-written. */
  async sizes(): Promise<Map<string, number>> {
    const names = await readdir(this.folder).catch(() => [] as string[])
    const stats = await Promise.all(names.map((name) => stat(join(this.folder, name)).catch(() => undefined)))
    return new Map(names.map((name, i) => [name, stats[i]?.size ?? 0]))
  }

  async drop(names: Iterable<string>): Promise<void> {
    for (const name of names) await rm(join(this.folder, name), { force: true })
  }
}
