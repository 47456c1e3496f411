/** Decides how an object with a class travels: adorned plain data, rebuilt by a constructor, revived, or not at all. */
import type { Brand } from './brands.js'
import { UNPACK } from './decode.js'
import type { InstancePlan } from './encode.js'
import type { FunctionNode, Reference } from './graph.js'
import { globalExpression } from './identity.js'
import { privateFields } from './inspect.js'
import { REDUCERS } from './reducers.js'
import { analyse } from './scope.js'

/** Protocol by which a class says how its instances travel: `static [PACK](instance)` gives plain data. */
export const PACK = Symbol.for('mayfly.pack')

/** What is asked of the capture. */
export interface InstanceHost {
  /** Reference of a class or prototype; captures it when it is new. */
  reference(value: object): Reference | undefined
  /** The class as it travels by its text. */
  node(value: object): FunctionNode | undefined
  /** Whether the class is a library's, so that its instances are likely to be clients, handles or caches. */
  foreign(value: object): boolean
  number(reference: Reference): number
  scanLater(value: unknown, owner: object): void
  refuse(value: unknown, what: string, hint: string): never
}

const INSIDE = 'Create it inside the function instead of capturing it.'
const PACKING =
  "or give its class `static [Symbol.for('mayfly.pack')](instance)` and `static [Symbol.for('mayfly.unpack')](data)`."

/**
 * Makes the plan for one object whose prototype is not the usual one of its kind. Answers undefined when the object needs
 * none beyond its prototype. `opaque` is set when its own properties are not to be looked at, `alike` when the answer
 * holds for all objects of that prototype and kind.
 */
export function planInstance(
  value: object,
  brand: Brand,
  prototype: object | null,
  host: InstanceHost,
): { plan?: InstancePlan; opaque?: boolean; alike?: boolean } {
  const owner = prototype ? classOf(prototype) : undefined
  if (owner && typeof owner[PACK as never] === 'function' && typeof owner[UNPACK as never] === 'function') {
    const data: unknown = (owner[PACK as never] as (instance: object) => unknown)(value)
    const reference = host.reference(owner) as Reference
    host.scanLater(data, value)
    return { plan: { packed: { ref: host.number(reference), data } }, opaque: true }
  }
  const chain: { owner: object; node: FunctionNode }[] = []
  let hidden = false
  for (let at = prototype; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const made = classOf(at)
    const builtin = (made && globalExpression(made)) ?? globalExpression(at)
    if (builtin !== undefined) {
      const name = builtin.replace(/\.prototype$/, '')
      if (brand !== 'object') break
      const reduce = REDUCERS[name]
      if (!reduce) host.refuse(value, `${name} object`, INSIDE)
      const reference = host.reference(made as object) as Reference
      const args = reduce(value as never)
      const whole = at === prototype
      return { plan: { construct: { ref: host.number(reference), args, whole } }, opaque: whole }
    }
    if (!made) {
      host.scanLater(at, value)
      continue
    }
    if (host.foreign(made))
      host.refuse(value, `instance of class ${nameOf(made)} from a package`, `${INSIDE} ${PACKING}`)
    host.reference(made)
    const node = host.node(made)
    if (!node) hidden ||= keepsPrivate(made)
    else if (node.analysis.shape?.privateElements) chain.unshift({ owner: made, node })
  }
  if (prototype && !owner) host.scanLater(prototype, value)
  if (hidden) {
    host.refuse(
      value,
      `instance of class ${nameOf(owner)}, which keeps #private state`,
      `Use TypeScript's \`private\` in that class, create the instance inside the function, ${PACKING}`,
    )
  }
  return chain.length > 0 ? { plan: revive(value, chain, host) } : { alike: true }
}

/** Whether instances of a class that does not travel by its text are branded: by #private fields, methods or accessors. */
function keepsPrivate(made: object): boolean {
  const text = Function.prototype.toString.call(made)
  if (!/#\w/.test(text)) return false
  try {
    return (analyse(text).shape?.privateElements ?? 0) > 0
  } catch {
    // Not strict code: better refused than broken.
    return true
  }
}

/** The class whose prototype this is. */
function classOf(prototype: object): { prototype: object } | undefined {
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  const fits = typeof owner === 'function' && Object.getOwnPropertyDescriptor(owner, 'prototype')?.value === prototype
  return fits ? (owner as { prototype: object }) : undefined
}

function nameOf(owner: object | undefined): string {
  const name: unknown = owner && Object.getOwnPropertyDescriptor(owner, 'name')?.value
  return typeof name === 'string' && name ? name : '(anonymous)'
}

function revive(value: object, chain: { owner: object; node: FunctionNode }[], host: InstanceHost): InstancePlan {
  const fields = privateFields(value)
  const plan: InstancePlan = { chain: [], privates: [] }
  let next = 0
  for (const { owner, node } of chain) {
    const shape = node.analysis.shape!
    const ref = host.number(host.reference(owner) as Reference)
    node.revived = true
    plan.chain!.push({ ref, base: shape.heritage === undefined })
    const names: string[] = []
    const values: unknown[] = []
    for (const name of shape.privateFields) {
      const at = fields.findIndex((field, index) => index >= next && field.name === name)
      if (at < 0) continue
      next = at + 1
      names.push(name)
      values.push(fields[at]!.value)
      host.scanLater(fields[at]!.value, value)
    }
    if (names.length > 0) plan.privates!.push({ ref, names, values })
  }
  return plan
}
