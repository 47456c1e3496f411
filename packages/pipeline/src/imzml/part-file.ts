/** A file that is written under a temporary name beside its place and moved there only when it is whole. */
import { closeSync, ftruncateSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const BUFFER = 1 << 20

/** Appends through a buffer of a mebibyte; `commit` or `discard` ends it. Part files of processes that are gone are removed. */
export class PartFile {
  private readonly temporary: string
  private readonly file: number
  private readonly buffer = Buffer.allocUnsafe(BUFFER)
  private used = 0
  private written = 0

  constructor(private readonly path: string) {
    removeOrphans(path)
    this.temporary = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
    this.file = openSync(this.temporary, 'w')
  }

  /** Bytes so far. */
  get size(): number {
    return this.written + this.used
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(bytes.length - at, BUFFER - this.used)
      this.buffer.set(bytes.subarray(at, at + n), this.used)
      this.used += n
      at += n
      if (this.used === BUFFER) this.flush()
    }
  }

  appendText(text: string): void {
    // A character takes three bytes at most.
    if (text.length * 3 > BUFFER) this.append(Buffer.from(text))
    else {
      if (this.used + text.length * 3 > BUFFER) this.flush()
      this.used += this.buffer.write(text, this.used)
    }
  }

  private flush(): void {
    for (let at = 0; at < this.used; ) at += writeSync(this.file, this.buffer, at, this.used - at)
    this.written += this.used
    this.used = 0
  }

  /** Replaces the first bytes of what was written. */
  overwriteStart(text: string): void {
    this.flush()
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; ) at += writeSync(this.file, bytes, at, bytes.length - at, at)
  }

  /** Takes bytes off the end. */
  cut(bytes: number): void {
    this.flush()
    ftruncateSync(this.file, Math.max(0, this.written - bytes))
  }

  /** Everything is on the disk under the temporary name; `moveIntoPlace` remains. */
  close(): void {
    this.flush()
    closeSync(this.file)
  }

  moveIntoPlace(): void {
    renameSync(this.temporary, this.path)
  }

  /** Leaves nothing, whether closed or not. */
  discard(): void {
    try {
      closeSync(this.file)
    } catch {
      // It was closed before.
    }
    rmSync(this.temporary, { force: true })
  }
}

function removeOrphans(path: string): void {
  const prefix = `.${basename(path)}.`
  for (const name of readdirSync(dirname(path))) {
    const pid = name.startsWith(prefix) ? /^(\d+)\.part$/.exec(name.slice(prefix.length))?.[1] : undefined
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(dirname(path), name), { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
