/** Functions a library ships as imports of their own module, instead of by their text. */

/** A named export of a module. */
export interface ExportPlace {
  /** Absolute file URL, or a `node:` name. */
  url: string
  /** Name of the export, then members of it; `['*']` is the namespace itself. */
  path: string[]
}

const marked = new WeakMap<object, ExportPlace>()

/**
 * Marks exports of a module as shippable: in a captured function they become an import of that module, which is bundled.
 * Classes marked so may also have captured instances, as long as those keep no #private state.
 *
 * @param url the module's `import.meta.url`
 * @param exports functions, classes or objects under the names the module exports them by
 * @example shippable(import.meta.url, { annotate, Spectrum })
 */
export function shippable(url: string, exports: Record<string, object>): void {
  for (const [name, value] of Object.entries(exports)) marked.set(value, { url, path: [name] })
}

/** Where a marked value is exported from. */
export function markedPlace(value: object): ExportPlace | undefined {
  return marked.get(value)
}
