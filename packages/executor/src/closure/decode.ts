/**
 * The worker's half of the value encoding; `encode.ts` is the other. Imports nothing but `node:v8`.
 *
 * The payload is one `v8` value: `{ roots, … }`. Plain data stands in it as it is, so identity and cycles are V8's
 * business. What V8 cannot carry (functions, class instances, accessors, symbols …) is put in afterwards by a small
 * program over the same objects.
 */
import { Deserializer } from 'node:v8'

/** Where a value comes from: inline, a reference from code, something the program made, a symbol. */
export type Cell = [0, unknown] | [1, number] | [2, number] | [3, number]

/** One step of the program. `make…` steps push their result onto the list that cells of kind 2 index. */
export type Step =
  | ['hole', object, PropertyKey, Cell]
  | ['fill', Map<unknown, unknown> | Set<unknown>, Cell[]]
  | ['define', Cell, Cell, number, Cell, Cell]
  | ['proto', Cell, Cell]
  | ['makeNew', Cell, unknown[]]
  | ['makeError']
  | ['makeBound', Cell, Cell, Cell[]]
  | ['makeCall', Cell, Cell]
  | ['makeUnpacked', Cell, Cell]
  | ['makeInstance', [Cell, boolean][], object]
  | ['private', Cell, Cell, string[], Cell[]]

export interface Payload {
  roots: unknown[]
  /** Values that are nested too deeply in the roots to be read there. */
  deep?: unknown[]
  /** Roots that are not inline. */
  special?: Map<number, Cell>
  /** `[registered, description]`. */
  symbols?: [boolean, string | undefined][]
  /** Objects by prototype. */
  instances?: [Cell, object[]][]
  steps?: Step[]
  /** 0 not extensible, 1 sealed, 2 frozen. */
  closed?: [Cell, number][]
}

/** Flags of a defined property. */
export const ENUMERABLE = 1
export const WRITABLE = 2
export const CONFIGURABLE = 4
export const ACCESSOR = 8

/** Protocol by which a class says how its instances travel. */
export const UNPACK = Symbol.for('mayfly.unpack')

type Installer = (target: object, values: Record<string, unknown>) => void

/** What the text of a shipped function finds under `$mf`. */
export class Linker {
  /** True while an instance gets its #private fields without its constructor being run. */
  reviving = false
  readonly #payload: Payload
  readonly #symbols: symbol[]
  readonly #made: unknown[] = []
  readonly #installers = new Map<unknown, Installer>()
  #refs: unknown[] = []

  constructor(payload: Payload) {
    this.#payload = payload
    this.#symbols = (payload.symbols ?? []).map(([registered, name]) =>
      registered ? Symbol.for(name as string) : Symbol(name),
    )
  }

  /** Value of a root that needs no code: available before `link`. */
  early(index: number): unknown {
    const cell = this.#payload.special?.get(index)
    return cell?.[0] === 3 ? this.#symbols[cell[1]] : this.#payload.roots[index]
  }

  /** Value of any root, after `link`. */
  root(index: number): unknown {
    const cell = this.#payload.special?.get(index)
    return cell ? this.#value(cell) : this.#payload.roots[index]
  }

  /** A class tells how its #private fields are set. */
  own(owner: unknown, install: Installer): void {
    this.#installers.set(owner, install)
  }

  /** Puts in what only code can provide. `refs` in the order the encoder numbered them. */
  link(refs: unknown[]): void {
    this.#refs = refs
    const { instances = [], steps = [], closed = [] } = this.#payload
    for (const [proto, objects] of instances) {
      const value = this.#value(proto) as object | null
      for (const object of objects) Object.setPrototypeOf(object, value)
    }
    for (const step of steps) this.#run(step)
    for (const [cell, level] of closed) {
      const target = this.#value(cell) as object
      if (level === 2) Object.freeze(target)
      else if (level === 1) Object.seal(target)
      else Object.preventExtensions(target)
    }
  }

  #value([kind, content]: Cell): unknown {
    if (kind === 0) return content
    return (kind === 1 ? this.#refs : kind === 2 ? this.#made : this.#symbols)[content as number]
  }

  #run(step: Step): void {
    switch (step[0]) {
      case 'hole':
        define(step[1], step[2], { value: this.#value(step[3]) })
        return
      case 'fill':
        this.#fill(step[1], step[2])
        return
      case 'define':
        this.#define(step)
        return
      case 'proto':
        Object.setPrototypeOf(this.#value(step[1]), this.#value(step[2]) as object | null)
        return
      case 'makeNew':
        this.#made.push(Reflect.construct(this.#value(step[1]) as new () => unknown, step[2]))
        return
      case 'makeError': {
        const error = new Error()
        // Its stack is this worker's; the one of the original follows as a property.
        delete error.stack
        this.#made.push(error)
        return
      }
      case 'makeBound': {
        const [self, ...args] = [step[2], ...step[3]].map((cell) => this.#value(cell))
        this.#made.push(Function.prototype.bind.call(this.#value(step[1]) as () => unknown, self, ...args))
        return
      }
      case 'makeCall': {
        const self = this.#value(step[2])
        this.#made.push((this.#value(step[1]) as (self: unknown) => unknown).call(self, self))
        return
      }
      case 'makeUnpacked': {
        const owner = this.#value(step[1]) as Record<symbol, (data: unknown) => unknown>
        this.#made.push(owner[UNPACK]?.(this.#value(step[2])))
        return
      }
      case 'makeInstance':
        this.#made.push(this.#instance(step[1], step[2]))
        return
      case 'private': {
        const values = step[4].map((cell) => this.#value(cell))
        const record = Object.fromEntries(step[3].map((name, index) => [name, values[index]]))
        this.#installers.get(this.#value(step[1]))?.(this.#value(step[2]) as object, record)
        return
      }
    }
  }

  #fill(target: Map<unknown, unknown> | Set<unknown>, cells: Cell[]): void {
    const values = cells.map((cell) => this.#value(cell))
    if (target instanceof Map) {
      for (let i = 0; i < values.length; i += 2) Map.prototype.set.call(target, values[i], values[i + 1])
    } else for (const value of values) Set.prototype.add.call(target, value)
  }

  #define([, target, key, flags, first, second]: Step & { 0: 'define' }): void {
    const enumerable = (flags & ENUMERABLE) !== 0
    const configurable = (flags & CONFIGURABLE) !== 0
    const slot =
      flags & ACCESSOR
        ? { get: this.#value(first) as () => unknown, set: this.#value(second) as () => void }
        : { value: this.#value(first), writable: (flags & WRITABLE) !== 0 }
    Object.defineProperty(this.#value(target), this.#value(key) as PropertyKey, { ...slot, enumerable, configurable })
  }

  /**
   * An object of a class with #private members. Only construction adds those, so each class of the chain is constructed
   * once in a mode in which its own code does nothing (see `emit-class.ts`).
   */
  #instance(chain: [Cell, boolean][], container: object): object {
    let object = container
    this.reviving = true
    try {
      for (const [cell, isBase] of chain) {
        const owner = this.#value(cell) as new () => object
        if (isBase) {
          object = Reflect.construct(owner, []) as object
          continue
        }
        const parent = Object.getPrototypeOf(owner)
        const target = object
        // `super()` returns the object at hand, which then gets this class's members.
        Object.setPrototypeOf(owner, function give() {
          return target
        })
        try {
          Reflect.construct(owner, [])
        } finally {
          Object.setPrototypeOf(owner, parent)
        }
      }
    } finally {
      this.reviving = false
    }
    for (const key of Reflect.ownKeys(object)) Reflect.deleteProperty(object, key)
    return object
  }
}

function define(target: object, key: PropertyKey, slot: PropertyDescriptor): void {
  Object.defineProperty(target, key, { ...slot, enumerable: true, configurable: true, writable: true })
}

/** Reads a payload. `blobs` are the contents of the array buffers that travel beside it; they are copied. */
export function readPayload(data: Uint8Array, blobs: Uint8Array[]): Payload {
  const deserializer = new Deserializer(data)
  deserializer.readHeader()
  for (const [id, bytes] of blobs.entries()) {
    deserializer.transferArrayBuffer(id, Uint8Array.prototype.slice.call(bytes).buffer as ArrayBuffer)
  }
  return deserializer.readValue() as Payload
}
