/** Unique names for the emitted text. */
import { GLOBAL_NAMES } from './identity.js'

// Names that a sloppy script may use for variables and a module may not, and those with a meaning of their own.
const RESERVED = new Set(
  'arguments await eval implements interface let package private protected public static undefined yield home'.split(
    ' ',
  ),
)

export class Names {
  readonly #taken = new Map<string, number>()

  /** The name itself the first time, then numbered; never one that hides a global or is reserved. */
  unique(name: string): string {
    const count = this.#taken.get(name) ?? 0
    this.#taken.set(name, count + 1)
    const free = count === 0 && !GLOBAL_NAMES.has(name) && !RESERVED.has(name) && !name.startsWith('$mf')
    return free ? name : `${name}$mf${count}`
  }
}
