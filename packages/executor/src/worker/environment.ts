/**
 * The environment variables of this process, which each call finds as if it were the first: those the process was started
 * with and those of its job, whatever earlier calls have done.
 *
 * Looking through all variables costs more than a short call, so it is done only once somebody has got hold of
 * `process.env`: before that, nothing can have changed.
 */
type Variables = Readonly<Record<string, string>>

export class Environment {
  readonly #variables = process.env
  readonly #base: Variables = { ...process.env } as Record<string, string>
  /** What the running call should find. */
  #wanted = this.#base
  #extra: Variables | undefined
  #touched = false
  /** What `process.env` is: a function may put another object there. */
  #seen = this.#variables

  /** From here on it is known whether anybody looks at `process.env`. */
  watch(): void {
    Object.defineProperty(process, 'env', {
      enumerable: true,
      configurable: true,
      get: () => {
        this.#touched = true
        return this.#seen
      },
      set: (other: NodeJS.ProcessEnv) => {
        this.#touched = true
        this.#seen = other
      },
    })
  }

  /** Makes the environment that of a call with these extra variables; the same object means the same variables. */
  enter(extra: Variables): void {
    if (extra !== this.#extra) {
      this.#extra = extra
      this.#wanted = { ...this.#base, ...extra }
    } else if (!this.#touched) return
    this.#seen = this.#variables
    const env = this.#variables
    for (const name of Object.keys(env)) if (!Object.hasOwn(this.#wanted, name)) delete env[name]
    for (const [name, value] of Object.entries(this.#wanted)) if (env[name] !== value) env[name] = value
  }
}
