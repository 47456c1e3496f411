/** The way from the shipped function to a value, for messages: `p36 → sk → class Socket`, `f → cfg.clients[0]`. */
import { types } from 'node:util'

export class Trail {
  // Text, or how to find it: nearly all trails are never read.
  readonly #parts: readonly (string | (() => string))[]

  constructor(parts: readonly (string | (() => string))[]) {
    this.#parts = parts
  }

  to(label: string): Trail {
    return new Trail([...this.#parts, label])
  }

  /** The way on from `root`, at which this trail ends, to a value inside it. */
  into(root: unknown, target: unknown): Trail {
    if (root === target) return this
    return new Trail([...this.#parts, () => findWay(root, target) ?? ' → …'])
  }

  toString(): string {
    return this.#parts
      .map((part, index) => (typeof part === 'function' ? part() : index === 0 ? part : ` → ${part}`))
      .join('')
  }
}

/** Looks this far before it gives up: the message is worth a moment, not a minute. */
const MAX_OBJECTS = 200_000

/** Breadth first over data properties, so that the shortest way is told. */
function findWay(root: unknown, target: unknown): string | undefined {
  const seen = new Set<unknown>([root])
  const queue: { value: unknown; way: string }[] = [{ value: root, way: '' }]
  for (const { value, way } of queue) {
    for (const [label, child] of children(value)) {
      if (child === target) return way + label
      const enter = (typeof child === 'object' && child !== null) || typeof child === 'function'
      if (!enter || seen.has(child) || seen.size > MAX_OBJECTS) continue
      seen.add(child)
      queue.push({ value: child, way: way + label })
    }
  }
  return undefined
}

function* children(value: unknown): Generator<[string, unknown]> {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return
  if (types.isMap(value)) {
    for (const [key, item] of value) {
      yield ['.keys()', key]
      yield [typeof key === 'string' ? `.get(${JSON.stringify(key)})` : '.get(…)', item]
    }
  } else if (types.isSet(value)) {
    for (const item of value) yield ['.values()', item]
  }
  if (ArrayBuffer.isView(value)) return
  for (const key of Reflect.ownKeys(value)) {
    const slot = Object.getOwnPropertyDescriptor(value, key)
    const label =
      typeof key === 'symbol'
        ? `[${String(key)}]`
        : /^\d+$/.test(key)
          ? `[${key}]`
          : /^[\w$]+$/.test(key)
            ? `.${key}`
            : `[${JSON.stringify(key)}]`
    if (slot?.get) yield [`${label} (getter)`, slot.get]
    if (slot?.set) yield [`${label} (setter)`, slot.set]
    if (slot?.value !== undefined) yield [label, slot.value]
  }
  const prototype = Object.getPrototypeOf(value)
  const owner: unknown = prototype && Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof owner === 'function' && prototype !== Object.prototype) yield [` → class ${owner.name}`, owner]
}
