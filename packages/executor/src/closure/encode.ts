/**
 * Writes captured values. When nothing special is among them they go to V8 as they are; otherwise a copy is made in which
 * V8's own format carries all it can, and a program (see `decode.ts`) puts in the rest.
 */
import { Serializer } from 'node:v8'
import { MayflyError } from '../errors.js'
import { type Brand, brandOf, isIntrinsic, usualPrototype } from './brands.js'
import { ACCESSOR, type Cell, CONFIGURABLE, ENUMERABLE, type Payload, type Step, WRITABLE } from './decode.js'
import { isDense, MAX_DEPTH } from './scan.js'

/** Array buffers above this size travel beside the payload, addressed by their own hash. */
export const BLOB_BYTES = 1024 * 1024

/** What of an object's class has to be told apart from its own properties. */
export interface InstancePlan {
  /** When the object is made by its constructor; `whole` when its own properties are not to be looked at. */
  construct?: { ref: number; args: unknown[]; whole: boolean }
  /** Class and data when the class packs its instances itself. */
  packed?: { ref: number; data: unknown }
  /** Classes with #private members, base first; `base` when it extends nothing. */
  chain?: { ref: number; base: boolean }[]
  privates?: { ref: number; names: string[]; values: unknown[] }[]
}

/** What the encoder asks of the capture. References are numbers into the list the emitted code passes to `link`. */
export interface Resolver {
  /** Reference of a function, class, builtin, import or known prototype; undefined when the value is data. */
  ref(value: object | symbol): number | undefined
  /** Reference of a factory that is called with a value, for functions that need their `this` or home object. */
  factory(value: object): { ref: number; self: unknown } | undefined
  bound(value: object): { target: unknown; self: unknown; args: unknown[] } | undefined
  plan(value: object): InstancePlan | undefined
  /** Whether V8's format carries the object and all it leads to, so that it need not be copied. */
  isPlain(value: object): boolean
}

/** What functions and prototypes have beyond what their text gives them. */
export interface Extras {
  properties: { ref: number; key: PropertyKey; slot: PropertyDescriptor }[]
  prototypes: { ref: number; prototype: unknown }[]
  /** Values of static #private fields. */
  privates: { ref: number; names: string[]; values: unknown[] }[]
  closed: { ref: number; level: number }[]
}

export interface Encoded {
  data: Uint8Array
  blobs: Uint8Array[]
  /** Whether a root's value needs code first. */
  late: (root: number) => boolean
  /** Whether the values need no program, so that functions among them have no state of their own. */
  plain: boolean
}

export class Encoder {
  readonly #resolve: Resolver
  readonly #uses: Map<ArrayBufferLike, number>
  readonly #copies = new Map<object, Cell>()
  readonly #symbols = new Map<symbol, number>()
  readonly #instances = new Map<string, [Cell, object[]]>()
  readonly #buffers = new Set<ArrayBufferLike>()
  readonly #payload: Required<Payload> = {
    roots: [],
    deep: [],
    special: new Map(),
    symbols: [],
    instances: [],
    steps: [],
    closed: [],
  }
  #made = 0
  #depth = 0
  readonly #deferred: (() => void)[] = []

  constructor(resolve: Resolver, uses: Map<ArrayBufferLike, number>) {
    this.#resolve = resolve
    this.#uses = uses
  }

  encode(roots: unknown[], extras: Extras): Encoded {
    const { special, closed } = this.#payload
    roots.forEach((value, index) => {
      const cell = this.#cell(value)
      if (cell[0] !== 0) special.set(index, cell)
      this.#payload.roots.push(cell[0] === 0 ? cell[1] : undefined)
      this.#finishDeep()
    })
    for (const { ref, prototype } of extras.prototypes) this.#step(['proto', [1, ref], this.#cell(prototype)])
    for (const { ref, key, slot } of extras.properties) this.#define([1, ref], key, slot)
    for (const entry of extras.privates) this.#privates([1, entry.ref], entry)
    for (const { ref, level } of extras.closed) closed.push([[1, ref], level])
    this.#finishDeep()
    this.#payload.instances.push(...this.#instances.values())
    for (const buffer of this.#uses.keys()) if (this.#resolve.isPlain(buffer)) this.#buffers.add(buffer)
    const late = (root: number) => (special.get(root)?.[0] ?? 0) % 3 !== 0
    return { ...write(this.#payload, this.#buffers), late, plain: this.#payload.steps.length === 0 }
  }

  /** Values nested too deeply for V8's recursion are read at the top level and put in their places afterwards. */
  #finishDeep(): void {
    // The list may grow while it is worked off.
    for (const place of this.#deferred) place()
    this.#deferred.length = 0
  }

  #step(step: Step): void {
    this.#payload.steps.push(step)
  }

  #make(step: Step): Cell {
    this.#step(step)
    return [2, this.#made++]
  }

  #cell(value: unknown): Cell {
    if (typeof value === 'symbol') return this.#symbol(value)
    if (typeof value === 'function') return this.#function(value)
    if (typeof value !== 'object' || value === null) return [0, value]
    if (this.#resolve.isPlain(value)) return [0, value]
    return this.#copies.get(value) ?? this.#copy(value)
  }

  #symbol(value: symbol): Cell {
    const ref = this.#resolve.ref(value)
    if (ref !== undefined) return [1, ref]
    let index = this.#symbols.get(value)
    if (index === undefined) {
      const key = Symbol.keyFor(value)
      index = this.#payload.symbols.push([key !== undefined, key ?? value.description]) - 1
      this.#symbols.set(value, index)
    }
    return [3, index]
  }

  #function(value: object): Cell {
    const known = this.#copies.get(value)
    if (known) return known
    const ref = this.#resolve.ref(value)
    if (ref !== undefined) return [1, ref]
    const bound = this.#resolve.bound(value)
    let cell: Cell
    if (bound) {
      const [target, self, ...args] = [bound.target, bound.self, ...bound.args].map((each) => this.#cell(each))
      cell = this.#make(['makeBound', target as Cell, self as Cell, args])
    } else {
      const factory = this.#resolve.factory(value) as { ref: number; self: unknown }
      cell = this.#make(['makeCall', [1, factory.ref], this.#cell(factory.self)])
    }
    this.#copies.set(value, cell)
    return cell
  }

  #copy(value: object): Cell {
    const ref = this.#resolve.ref(value)
    if (ref !== undefined) return [1, ref]
    const brand = brandOf(value) as Brand
    const prototype: object | null = Object.getPrototypeOf(value)
    const plan = prototype === usualPrototype(value, brand) ? undefined : this.#resolve.plan(value)
    if (plan?.packed) {
      const cell = this.#make(['makeUnpacked', [1, plan.packed.ref], this.#cell(plan.packed.data)])
      this.#copies.set(value, cell)
      return cell
    }
    const container = emptyCopy(value, brand, (view) => this.#cut(view))
    let cell: Cell = [0, container]
    if (brand === 'error') cell = this.#make(['makeError'])
    else if (plan?.construct) cell = this.#make(['makeNew', [1, plan.construct.ref], plan.construct.args])
    else if (plan?.chain) {
      const chain = plan.chain.map(({ ref, base }): [Cell, boolean] => [[1, ref], base])
      cell = this.#make(['makeInstance', chain, container])
    }
    // Registered before its contents are copied: they may lead back here.
    this.#copies.set(value, cell)
    if (plan?.construct?.whole) return cell
    if (plan?.chain || brand === 'error' || prototype !== usualPrototype(value, brand)) {
      if (cell[0] === 0) this.#prototypeOf(container, prototype)
      else this.#step(['proto', cell, this.#cell(prototype)])
    }
    if (brand === 'view') this.#buffers.add((container as ArrayBufferView).buffer)
    if (brand === 'buffer') this.#buffers.add(container as ArrayBuffer)
    this.#depth++
    this.#contents(value, brand, container, cell)
    this.#depth--
    for (const entry of plan?.privates ?? []) this.#privates(cell, entry)
    if (!Object.isExtensible(value)) {
      this.#payload.closed.push([cell, Object.isFrozen(value) ? 2 : Object.isSealed(value) ? 1 : 0])
    }
    return cell
  }

  /** Objects with the same prototype are told together: there may be a hundred thousand of them. */
  #prototypeOf(container: object, prototype: object | null): void {
    const cell = this.#cell(prototype)
    if (cell[0] !== 1) {
      this.#step(['proto', [0, container], cell])
      return
    }
    const key = String(cell[1])
    const group = this.#instances.get(key)
    if (group) group[1].push(container)
    else this.#instances.set(key, [cell, [container]])
  }

  /** A view of a part of its buffer takes the rest of it along only when somebody else sees it too. */
  #cut(view: ArrayBufferView): ArrayBufferView {
    const { buffer, byteOffset, byteLength } = view
    const shared = (this.#uses.get(buffer) ?? 0) > 1 && !(Buffer.isBuffer(view) && byteLength < buffer.byteLength)
    const target =
      shared || byteLength === buffer.byteLength ? buffer : buffer.slice(byteOffset, byteOffset + byteLength)
    const offset = target === buffer ? byteOffset : 0
    if (view instanceof DataView) return new DataView(target, offset, byteLength)
    const plain = usualPrototype(view, 'view') as { constructor: new (...args: unknown[]) => ArrayBufferView }
    return new plain.constructor(target, offset, (view as Uint8Array).length)
  }

  #contents(value: object, brand: Brand, container: object, cell: Cell): void {
    if (brand === 'array' && Object.isExtensible(value)) {
      this.#list(value as unknown[], container as unknown[], cell)
      return
    }
    if (brand === 'map' || brand === 'set') this.#collection(value, container)
    if (brand === 'error') {
      const stack: unknown = (value as Error).stack
      this.#define(cell, 'stack', { value: stack, writable: true, configurable: true, enumerable: false })
    }
    if (brand === 'array') (container as unknown[]).length = (value as unknown[]).length
    const keys = Reflect.ownKeys(value)
    if (brand === 'object' && cell[0] === 0 && this.#simple(value, keys, container)) return
    for (const key of keys) {
      const carried = brand === 'array' ? key === 'length' : brand !== 'object' && isIntrinsic(brand, key, value)
      if (!carried) this.#define(cell, key, Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor)
    }
  }

  /** Copies properties that are all ordinary; answers false, having done nothing, when one is not. */
  #simple(value: object, keys: (string | symbol)[], container: object): boolean {
    const values: unknown[] = []
    for (const key of keys) {
      if (typeof key === 'symbol' || key === '__proto__') return false
      const slot = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor
      if (!('value' in slot && slot.enumerable && slot.writable && slot.configurable)) return false
      values.push(slot.value)
    }
    for (let i = 0; i < keys.length; i++) this.#put(container as Record<string, unknown>, keys[i] as string, values[i])
    return true
  }

  #put(container: Record<PropertyKey, unknown>, key: string | number, value: unknown): void {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function' && typeof value !== 'symbol') {
      container[key] = value
      return
    }
    // The place is taken first, so that the order of the properties stays.
    container[key] = undefined
    if (this.#depth > MAX_DEPTH) {
      this.#deferred.push(() => {
        this.#depth = 0
        const cell = this.#cell(value)
        if (cell[0] === 0) this.#payload.deep.push(cell[1])
        this.#step(['hole', container, key, cell])
      })
      return
    }
    const cell = this.#cell(value)
    if (cell[0] === 0) container[key] = cell[1]
    else this.#step(['hole', container, key, cell])
  }

  #list(list: unknown[], container: unknown[], cell: Cell): void {
    const target = container as unknown as Record<PropertyKey, unknown>
    container.length = list.length
    if (isDense(list)) {
      for (let i = 0; i < list.length; i++) this.#put(target, i, list[i])
      return
    }
    for (const key of Reflect.ownKeys(list)) {
      if (key === 'length') continue
      const slot = Object.getOwnPropertyDescriptor(list, key) as PropertyDescriptor
      if (isIntrinsic('array', key, list) && 'value' in slot) this.#put(target, Number(key), slot.value)
      else this.#define(cell, key, slot)
    }
  }

  #collection(value: object, container: object): void {
    const cells: Cell[] = []
    if (container instanceof Map) {
      for (const [key, item] of Map.prototype.entries.call(value)) cells.push(this.#cell(key), this.#cell(item))
    } else for (const item of Set.prototype.values.call(value)) cells.push(this.#cell(item))
    if (cells.some(([kind]) => kind !== 0)) {
      this.#step(['fill', container as Map<unknown, unknown>, cells])
      return
    }
    if (container instanceof Map)
      for (let i = 0; i < cells.length; i += 2) container.set(cells[i]![1], cells[i + 1]![1])
    else for (const [, item] of cells) (container as Set<unknown>).add(item)
  }

  #define(target: Cell, key: PropertyKey, slot: PropertyDescriptor): void {
    if (this.#depth > MAX_DEPTH) {
      this.#deferred.push(() => {
        this.#depth = 0
        this.#define(target, key, slot)
      })
      return
    }
    const accessor = !('value' in slot)
    const flags =
      (slot.enumerable ? ENUMERABLE : 0) |
      (slot.writable ? WRITABLE : 0) |
      (slot.configurable ? CONFIGURABLE : 0) |
      (accessor ? ACCESSOR : 0)
    const first = this.#cell(accessor ? slot.get : slot.value)
    this.#step(['define', target, this.#cell(key), flags, first, this.#cell(slot.set)])
  }

  #privates(target: Cell, { ref, names, values }: { ref: number; names: string[]; values: unknown[] }): void {
    const cells = values.map((value) => this.#cell(value))
    this.#step(['private', [1, ref], target, names, cells])
  }
}

function emptyCopy(value: object, brand: Brand, cut: (view: ArrayBufferView) => ArrayBufferView): object {
  switch (brand) {
    case 'array':
      return []
    case 'map':
      return new Map()
    case 'set':
      return new Set()
    case 'date':
      return new Date(Date.prototype.getTime.call(value))
    case 'regexp':
      return new RegExp(value as RegExp)
    case 'boxed':
      return Object((value as { valueOf(): unknown }).valueOf())
    case 'buffer':
      return value
    case 'view':
      return cut(value as ArrayBufferView)
    default:
      return {}
  }
}

function write(payload: Payload, buffers: Iterable<ArrayBufferLike>): Pick<Encoded, 'data' | 'blobs'> {
  const serializer = new Serializer()
  const blobs: Uint8Array[] = []
  serializer.writeHeader()
  for (const buffer of buffers) {
    if (buffer.byteLength <= BLOB_BYTES) continue
    serializer.transferArrayBuffer(blobs.length, buffer as ArrayBuffer)
    // A copy made now: what the caller writes into the array later must not travel.
    blobs.push(new Uint8Array(buffer.slice(0)))
  }
  try {
    serializer.writeValue(payload)
  } catch (cause) {
    throw new MayflyError('E_CLOSURE_DATA', `captured data cannot be written: ${(cause as Error).message}`, {
      hint: 'Nest the data less deeply, or pass it as a file or a storage object.',
      cause,
    })
  }
  return { data: serializer.releaseBuffer(), blobs }
}
