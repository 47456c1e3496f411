/** Functions of a pool as its workers call them. They travel by their text, with what they capture. */

// biome-ignore lint/suspicious/noExplicitAny: any function, whatever it takes.
type AnyFunction = (...args: any[]) => unknown

export interface Initializer {
  fn: AnyFunction
  args: readonly unknown[]
  /** Distinguishes this pool's from others': workers outlive pools. */
  key: string
}

/** A function of an array of arguments. */
export function spread(fn: AnyFunction): (args: readonly unknown[]) => unknown {
  return (args) => fn(...args)
}

/** A function before whose first call in a process the initializer runs once. */
export function initialized(fn: AnyFunction, initializer: Initializer): AnyFunction {
  const { fn: initialize, args: initargs, key } = initializer
  return async (...args) => {
    const place = Symbol.for(key)
    const done = globalThis as Record<symbol, Promise<unknown> | undefined>
    done[place] ??= (async () => initialize(...initargs))()
    await done[place]
    return fn(...args)
  }
}
