/**
 * Walks captured values before anything is copied: finds the functions and classes they lead to, refuses what cannot
 * travel, and tells for which of them plain `v8.serialize` is enough.
 */

import { type Brand, brandOf, isIntrinsic, usualPrototype } from './brands.js'

/** What the walk asks of the capture. */
export interface Visitor {
  /** Whether the object is reached by an expression or an import, so that it is not looked into. */
  known(value: object): boolean
  fn(value: object, holder: object | undefined, key: PropertyKey | undefined): void
  /** An object whose prototype is not the usual one of its kind. Answers false when it is made by other means. */
  instance(value: object, brand: Brand, prototype: object | null): boolean
  refuse(value: unknown, what: string, hint: string): never
}

/** V8 reads nested values recursively and gives up at about 2000 levels. */
export const MAX_DEPTH = 400
/** Longer arrays are taken to be plain lists: V8 carries extra named properties of plain values anyway. */
const LONG_ARRAY = 1_000
const DENSE_LIMIT = 2 ** 25

export class Scanner {
  readonly #visitor: Visitor
  readonly #seen = new Map<object, number>()
  readonly #stack: object[] = []
  // Values that share an object belong to one group (a union-find forest); a group with anything special in it is copied.
  readonly #parents: number[] = []
  readonly #specials: boolean[] = []
  #group = 0
  #depth = 0
  /** Array buffers by how often they are reached; `Infinity` when one is captured by itself. */
  readonly buffers = new Map<ArrayBufferLike, number>()

  constructor(visitor: Visitor) {
    this.#visitor = visitor
  }

  /** Walks a value and all it leads to. `owner` is an object met before that the value is a part of. */
  scan(value: unknown, owner?: object): void {
    this.#group = this.#parents.push(this.#parents.length) - 1
    this.#specials.push(false)
    if (owner) this.#join(this.#seen.get(owner))
    if (typeof value === 'function') this.#visitor.fn(value, owner, undefined)
    else this.#meet(value, undefined, undefined)
    for (let next = this.#stack.pop(); next; next = this.#stack.pop()) {
      this.#depth = 0
      this.#enter(next)
    }
  }

  hasSeen(value: object): boolean {
    return this.#seen.has(value)
  }

  /** Whether V8's own format carries the object and all it leads to. */
  isPlain(value: object): boolean {
    const group = this.#seen.get(value)
    return group !== undefined && !this.#specials[this.#find(group)]
  }

  #find(group: number): number {
    let at = group
    while (this.#parents[at] !== at) at = this.#parents[at] = this.#parents[this.#parents[at]!]!
    return at
  }

  #join(other: number | undefined): void {
    if (other === undefined || other === this.#group) return
    const [a, b] = [this.#find(this.#group), this.#find(other)]
    if (a === b) return
    this.#parents[b] = a
    this.#specials[a] ||= this.#specials[b]!
  }

  #special(): void {
    this.#specials[this.#find(this.#group)] = true
  }

  #meet(value: unknown, holder: object | undefined, key: PropertyKey | undefined): void {
    switch (typeof value) {
      case 'object': {
        if (value === null) return
        const group = this.#seen.get(value)
        if (group !== undefined) {
          this.#join(group)
          return
        }
        this.#seen.set(value, this.#group)
        if (this.#depth < MAX_DEPTH) {
          this.#depth++
          this.#enter(value)
          this.#depth--
        } else {
          // Deeper than V8 can read: the copy will be cut here.
          this.#special()
          this.#stack.push(value)
        }
        return
      }
      case 'function':
        this.#special()
        this.#visitor.fn(value, holder, key)
        return
      case 'symbol':
        this.#special()
    }
  }

  #enter(value: object): void {
    const brand = brandOf(value)
    if (typeof brand !== 'string') {
      // A module's namespace is a proxy-like object that imports know.
      if (this.#visitor.known(value)) {
        this.#special()
        return
      }
      this.#visitor.refuse(value, brand.what, brand.hint)
      return
    }
    if (this.#visitor.known(value)) {
      this.#special()
      return
    }
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== usualPrototype(value, brand) || brand === 'error') {
      this.#special()
      if (!this.#visitor.instance(value, brand, prototype)) return
    }
    if (!Object.isExtensible(value)) this.#special()
    switch (brand) {
      case 'array':
        this.#array(value as unknown[])
        return
      case 'map':
        for (const [key, item] of Map.prototype.entries.call(value)) {
          this.#meet(key, undefined, undefined)
          this.#meet(item, undefined, undefined)
        }
        break
      case 'set':
        for (const item of Set.prototype.values.call(value)) this.#meet(item, undefined, undefined)
        break
      case 'view':
        this.#view(value as ArrayBufferView)
        return
      case 'buffer':
        this.buffers.set(value as ArrayBuffer, Number.POSITIVE_INFINITY)
        break
    }
    for (const key of Reflect.ownKeys(value)) {
      if (brand !== 'object' && isIntrinsic(brand, key, value)) continue
      if (brand !== 'object') this.#special()
      this.#property(value, key)
    }
  }

  #property(value: object, key: string | symbol): void {
    const slot = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor
    if (typeof key === 'symbol' || key === '__proto__') this.#special()
    if ('value' in slot) {
      if (!slot.enumerable || !slot.writable || !slot.configurable) this.#special()
      this.#meet(slot.value, value, key)
      return
    }
    this.#special()
    if (slot.get) this.#visitor.fn(slot.get, value, key)
    if (slot.set) this.#visitor.fn(slot.set, value, key)
  }

  #array(list: unknown[]): void {
    const { length } = list
    if (length > DENSE_LIMIT) {
      for (const key of Object.keys(list)) this.#meet(list[key as unknown as number], list, key)
      return
    }
    const dense = length > LONG_ARRAY || isDense(list)
    if (dense && Object.isExtensible(list)) {
      for (let i = 0; i < length; i++) {
        const item = list[i]
        if (typeof item !== 'number') this.#meet(item, list, i)
      }
      return
    }
    for (const key of Reflect.ownKeys(list)) {
      if (key === 'length') continue
      if (!isIntrinsic('array', key, list)) this.#special()
      this.#property(list, key)
    }
  }

  #view(view: ArrayBufferView): void {
    const { buffer } = view
    if (!(buffer instanceof ArrayBuffer)) {
      this.#visitor.refuse(view, 'SharedArrayBuffer', 'Memory is not shared between workers: copy it first.')
    }
    this.buffers.set(buffer, (this.buffers.get(buffer) ?? 0) + 1)
    // Views of one buffer belong together.
    const group = this.#seen.get(buffer)
    if (group === undefined) this.#seen.set(buffer, this.#group)
    else this.#join(group)
    // A view of a part of its buffer is cut out by the encoder.
    if (view.byteLength < buffer.byteLength) this.#special()
    if (view.byteLength > LONG_ARRAY) return
    for (const key of Reflect.ownKeys(view)) {
      if (isIntrinsic('view', key, view)) continue
      this.#special()
      this.#property(view, key)
    }
  }
}

/** Whether an array has all its elements and nothing else: own keys are indices in order, then `length`, then names. */
export function isDense(list: unknown[]): boolean {
  const keys = Reflect.ownKeys(list)
  return keys.length === list.length + 1 && keys[list.length] === 'length'
}
