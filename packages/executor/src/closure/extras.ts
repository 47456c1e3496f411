/** What a function or class has beyond what its text gives it: properties set later, statics, a changed prototype. */
import type { FunctionNode } from './graph.js'
import { globalExpression, member } from './identity.js'
import { privateFields } from './inspect.js'
import { analyse } from './scope.js'

export interface FoundExtras {
  /** What a class extends now; null for `extends null`. */
  parent?: object | null
  /** Values that are reached through the function: its prototype, methods in its text. */
  members: { value: unknown; access: string }[]
  /** `target` is the function or its prototype. */
  properties: { target: object; key: string | symbol; slot: PropertyDescriptor }[]
  prototypes: { target: object; prototype: object | null }[]
  closed: { target: object; level: number }[]
  privates?: { names: string[]; values: unknown[] }
}

/** Finds the extras of a function that travels by its text; `visit` is told every value among them. */
export function extrasOf(node: FunctionNode, visit: (value: unknown) => void): FoundExtras {
  const { value, analysis } = node
  const found: FoundExtras = { members: [], properties: [], prototypes: [], closed: [] }
  const { prototype } = value as { prototype?: unknown }
  const hasPrototype = (analysis.form === 'class' || analysis.form === 'function') && isObject(prototype)
  if (hasPrototype) found.members.push({ value: prototype, access: '.prototype' })
  ownExtras(node, value, '', found, visit)
  if (hasPrototype) ownExtras(node, prototype as object, '.prototype', found, visit)
  const parent: object | null = Object.getPrototypeOf(value)
  if (analysis.form === 'class') {
    if (analysis.shape?.heritage) found.parent = parent === Function.prototype ? null : parent
    const names = analysis.shape?.privateStaticFields ?? []
    if (names.length > 0) {
      const fields = privateFields(value).filter(({ name }) => names.includes(name))
      found.privates = { names: fields.map(({ name }) => name), values: fields.map((field) => field.value) }
      for (const field of fields) visit(field.value)
    }
  } else {
    if (parent !== null && globalExpression(parent) === undefined) addPrototype(value, parent, found, visit)
    const above: object | null = hasPrototype ? Object.getPrototypeOf(prototype) : Object.prototype
    if (above !== Object.prototype && !(above && globalExpression(above)?.startsWith('Object.getPrototypeOf('))) {
      if (above === null || !isGeneratorPrototype(above)) addPrototype(prototype as object, above, found, visit)
    }
  }
  if (!Object.isExtensible(value)) {
    found.closed.push({ target: value, level: Object.isFrozen(value) ? 2 : Object.isSealed(value) ? 1 : 0 })
  }
  return found
}

const generatorPrototypes = [function* () {}, async function* () {}].map((make) =>
  Object.getPrototypeOf(make.prototype),
)

function isGeneratorPrototype(value: object): boolean {
  return generatorPrototypes.includes(value)
}

function addPrototype(
  target: object,
  prototype: object | null,
  found: FoundExtras,
  visit: (value: unknown) => void,
): void {
  found.prototypes.push({ target, prototype })
  if (prototype) visit(prototype)
}

function ownExtras(
  node: FunctionNode,
  target: object,
  access: string,
  found: FoundExtras,
  visit: (value: unknown) => void,
): void {
  const isFunction = target === node.value
  for (const key of Reflect.ownKeys(target)) {
    const slot = Object.getOwnPropertyDescriptor(target, key) as PropertyDescriptor
    if (isFunction ? isUsual(key, slot) : key === 'constructor' && slot.value === node.value) continue
    if (isFunction && (key === 'arguments' || key === 'caller')) continue
    if (node.analysis.form === 'class' && isInText(node, slot)) {
      const way = member(key)
      if (way !== undefined && typeof slot.value === 'function')
        found.members.push({ value: slot.value, access: access + way })
      continue
    }
    found.properties.push({ target, key, slot })
    for (const part of [slot.value, slot.get, slot.set]) if (part !== undefined) visit(part)
  }
}

/** `length`, `name` and `prototype` as every function has them. */
function isUsual(key: string | symbol, slot: PropertyDescriptor): boolean {
  if (key === 'prototype') return true
  return (key === 'length' || key === 'name') && 'value' in slot && !slot.writable && !slot.enumerable
}

/** Whether a member of a class is one its text defines: then all its functions are methods written there. */
function isInText(node: FunctionNode, slot: PropertyDescriptor): boolean {
  const functions = [slot.value, slot.get, slot.set].filter((part) => part !== undefined)
  return functions.every((part) => {
    if (typeof part !== 'function') return false
    const text = Function.prototype.toString.call(part)
    if (!node.analysis.text.includes(text) || text.includes('[native code]')) return false
    const { form } = analyse(text)
    return form === 'method' || form === 'getter' || form === 'setter'
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
