/** The file that takes what an execution says beyond what is shown, and the display that leads to it. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Bundle } from '../protocol.js'

export const REST_MIME = 'application/vnd.mayfly.rest+json'
/** Bytes of one file: a loop that prints for a night does not fill the disk. */
const MAX_FILE = 2 ** 30
/** What a crash may cost: so much text, or what came within so long. */
const BUFFER = 64 * 1024
const FLUSH_MS = 50

/** What the page is told of a file. */
export interface RestOutput {
  /** Below `outputs/` of Mayfly's home, with forward slashes. */
  file: string
  bytes: number
  lines: number
  /** The cell is over and nothing was left out. */
  complete: boolean
}

export class RestFile {
  readonly name: string
  readonly #path: string
  #fd: number | undefined
  #waiting: string[] = []
  #size = 0
  #flushedAt = 0
  #bytes = 0
  #lines = 0
  #over = false
  /** Why the file does not have everything, in words. */
  #fault: string | undefined

  /** @param folder `outputs/` of Mayfly's home. @param name Below it, with forward slashes. */
  constructor(folder: string, name: string) {
    this.name = name
    this.#path = join(folder, ...name.split('/'))
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      this.#fd = openSync(this.#path, 'w')
    } catch (error) {
      this.#fault = (error as Error).message
    }
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes text; true when some was written out. */
  write(text: string): boolean {
    this.#waiting.push(text)
    this.#size += text.length
    // A loop never lets a timer fire: the time is looked at with each write.
    if (this.#size < BUFFER && performance.now() - this.#flushedAt < FLUSH_MS) return false
    this.flush()
    return true
  }

  flush(): void {
    this.#flushedAt = performance.now()
    if (this.#size === 0) return
    const chunk = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#size = 0
    if (this.#fd === undefined) return
    if (this.#bytes + chunk.length > MAX_FILE) {
      this.#fault = `the file ends at ${MAX_FILE / 2 ** 30} GiB`
      this.close()
      return
    }
    try {
      for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at)
      this.#bytes += chunk.length
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.#lines++
    } catch (error) {
      this.#fault = (error as Error).message
      this.close()
    }
  }

  /** The cell is over; late output is taken still. */
  end(): void {
    this.flush()
    this.#over = true
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  bundle(): Bundle {
    const { name: file, ...told } = { name: this.name, bytes: this.#bytes, lines: this.#lines }
    const output: RestOutput = { file, ...told, complete: this.#over && this.#fault === undefined }
    const fault = this.#fault ? ` Not all of it is there: ${this.#fault}.` : ''
    const text = `… ${sizeInWords(this.#bytes)} more (${this.#lines.toLocaleString('en')} lines) in the file outputs/${file} of MAYFLY_HOME.${fault}`
    return { [REST_MIME]: output, 'text/plain': text }
  }
}

/** `12.3 MB`. */
export function sizeInWords(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
