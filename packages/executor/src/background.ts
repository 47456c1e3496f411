/** Longest that `done` waits, ms: storage that cannot be reached must not keep a program from ending. */
const PATIENCE_MS = 10_000

/**
 * Work with storage that no call waits for: results that are kept, data that is removed. What fails is let be: a result that is
 * not kept is computed again, and `clean()` finds what is left.
 */
export class Background {
  readonly #open = new Set<Promise<unknown>>()

  add(work: Promise<unknown>): void {
    const over: Promise<unknown> = work.then(
      () => this.#open.delete(over),
      () => this.#open.delete(over),
    )
    this.#open.add(over)
  }

  /** Resolves when all of it is over, or after 10 s. */
  async done(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)))
    const all = async () => {
      while (this.#open.size > 0) await Promise.all(this.#open)
    }
    await Promise.race([all(), late])
    clearTimeout(timer)
  }
}
