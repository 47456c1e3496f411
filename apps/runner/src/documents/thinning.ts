/** Which versions of a document are kept: all of the last hour, one an hour for a day, one a day for a month. Pure. */

export type VersionCause = 'autosave' | 'checkpoint' | 'restore' | 'conflict'

/** A version as it is listed. */
export interface Version {
  id: string
  /** Milliseconds since the epoch. */
  at: number
  /** What made it: an edit or new outputs; a checkpoint; the state before a restore; the state before someone else changed the file. */
  cause: VersionCause
  /** Number of cells. */
  cells: number
  /** Length of the notebook's JSON. */
  bytes: number
  /** As the document's hash: sources, order and metadata, not outputs. */
  hash: string
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
export const VERSIONS_AGE_MS = 30 * DAY

/** The versions to keep of a list in order of time. The newest always stays; checkpoints, which someone asked for, stay the whole month. */
export function thin<V extends Pick<Version, 'at' | 'cause'>>(versions: readonly V[], now: number): V[] {
  const taken = new Set<string>()
  const kept = [...versions].reverse().filter((version, index) => {
    const age = now - version.at
    if (index === 0 || age < HOUR) return true
    if (age >= VERSIONS_AGE_MS) return false
    if (version.cause === 'checkpoint') return true
    const slot = age < DAY ? `h${Math.floor(version.at / HOUR)}` : `d${Math.floor(version.at / DAY)}`
    if (taken.has(slot)) return false
    taken.add(slot)
    return true
  })
  return kept.reverse()
}
