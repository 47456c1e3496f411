/** One folder takes all that a run of the tests leaves for the moment, and goes with it, also where a test was killed. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export default function makeTemp(): () => void {
  const before = process.env.TMPDIR
  // Short: paths of Unix sockets are at most 108 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'mf-'))
  process.env.TMPDIR = folder
  return () => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
