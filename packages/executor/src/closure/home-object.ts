/** What a function takes from where it was made and its text does not say: the `this` of an arrow, the object of `super`. */
import type { Refusal } from './brands.js'
import type { FunctionNode } from './graph.js'
import { member } from './identity.js'
import { scriptSource } from './inspect.js'
import { type Maker, makerOf } from './maker.js'
import type { Analysis } from './scope.js'

const OWN_FUNCTION = 'Use a function of its own, or copy what it needs into a constant and use that.'

/**
 * Sets `node.given` when the function needs its maker's `this` or home object; answers why it cannot be had.
 * @param holder the object the function was found on under `key`, if any
 */
export function give(
  node: FunctionNode,
  holder: object | undefined,
  key: PropertyKey | undefined,
): Refusal | undefined {
  const { form, uses } = node.analysis
  const refusal = (what: string, hint: string) => ({ what: `${node.name || 'a function'}, which ${what},`, hint })
  if (form === 'arrow') {
    if (uses.super) return refusal('uses `super` of the method around it', OWN_FUNCTION)
    if (uses.arguments) return refusal('uses `arguments` of the function around it', OWN_FUNCTION)
    if (uses.newTarget) return refusal('uses `new.target` of the function around it', OWN_FUNCTION)
    return uses.this ? giveThis(node, holder) : undefined
  }
  if (!uses.super || form === 'class') return undefined
  const home = holder && key !== undefined ? homeOf(holder, key, node.value) : undefined
  if (!home) {
    return refusal(
      'uses `super` and was taken from its class',
      'Ship the class or an instance, and call the method inside.',
    )
  }
  node.given = { kind: 'home', value: Object.getPrototypeOf(home) }
  return undefined
}

function giveThis(node: FunctionNode, holder: object | undefined): Refusal | undefined {
  const { scopes, scriptId, line, column } = node.view()
  const maker = scriptId === undefined ? undefined : makerOf(scriptSource(scriptId), line, column)
  if (maker === 'top') {
    // A module's `this` is undefined and stays so, a cell's is the global object.
    if (!scopes.some(({ kind }) => kind === 'module')) node.given = { kind: 'this', value: globalThis }
    return undefined
  }
  if (holder && maker && isMadeBy(holder, maker)) {
    node.given = { kind: 'this', value: holder }
    return undefined
  }
  return {
    what: `${node.name || 'an arrow function'}, which uses \`this\` of the function around it,`,
    hint: 'Write `const self = this` there and use `self` in the arrow function.',
  }
}

/** Whether the `this` of a maker is the object: it ran for the object when this was made. */
function isMadeBy(holder: object, maker: Exclude<Maker, 'top'>): boolean {
  if (maker.kind === 'function') return false
  if (maker.kind === 'static') return typeof holder === 'function'
  for (let at = Object.getPrototypeOf(holder); at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const owner: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value
    if (typeof owner === 'function' && Function.prototype.toString.call(owner) === maker.text) return true
  }
  return false
}

/** The object along the prototype chain that has the function as its own member. */
function homeOf(holder: object, key: PropertyKey, fn: unknown): object | undefined {
  for (let at: object | null = holder; at; at = Object.getPrototypeOf(at)) {
    const slot = Object.getOwnPropertyDescriptor(at, key)
    if (slot) return slot.value === fn || slot.get === fn || slot.set === fn ? at : undefined
  }
  return undefined
}

/**
 * A method that uses `super` cannot leave its class, but it can be reached through it. Answers the class and the way from
 * it to the method, when the object the method is bound to, or was found on, leads there.
 */
export function classOfMethod(
  fn: object,
  analysis: Analysis,
  holder: object | undefined,
  key: PropertyKey | undefined,
): { value: object; access: string } | undefined {
  if (
    !analysis.uses.super ||
    (analysis.form !== 'method' && analysis.form !== 'getter' && analysis.form !== 'setter')
  ) {
    return undefined
  }
  const name = key ?? (Object.getOwnPropertyDescriptor(fn, 'name')?.value as string | undefined)
  const home = holder && name !== undefined ? homeOf(holder, name, fn) : undefined
  const access = typeof name === 'number' ? `[${name}]` : name === undefined ? undefined : member(name)
  if (!home || access === undefined || analysis.form !== 'method') return undefined
  if (typeof home === 'function') return { value: home, access }
  const owner: unknown = Object.getOwnPropertyDescriptor(home, 'constructor')?.value
  if (typeof owner !== 'function' || owner.prototype !== home) return undefined
  return { value: owner, access: `.prototype${access}` }
}
