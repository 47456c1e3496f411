/**
 * From a function to everything it needs: resolves each free name through the scopes the function closes over, follows
 * the functions and classes that captured values lead to, and encodes the rest as data. Synchronous, so that a later
 * change of a captured variable does not matter.
 */
import { types } from 'node:util'
import { MayflyError } from '../errors.js'
import { type KernelHost, kernelHost } from '../host.js'
import type { Brand } from './brands.js'
import { emit } from './emit.js'
import { type Encoded, Encoder, type Extras, type InstancePlan } from './encode.js'
import { extrasOf } from './extras.js'
import type { FunctionNode, Reference, Target, Variable } from './graph.js'
import { classOfMethod, give } from './home-object.js'
import { globalExpression } from './identity.js'
import { type FunctionView, inspectFunction, scriptUrl } from './inspect.js'
import { planInstance } from './instances.js'
import { Lookup } from './lookup.js'
import { Names } from './names.js'
import { Scanner } from './scan.js'
import { type Analysis, analyse } from './scope.js'
import { mergeSharedScopes, type ScopeUse } from './share.js'
import { spansOf } from './sources.js'
import { Trail } from './trail.js'
import type { Capture } from './types.js'

export interface CaptureOptions {
  /** Folder that bare imports resolve from. Default: the kernel's workspace, else the current folder. */
  workspace?: string
  /** The kernel the function was defined in. Default: the one this code runs in. */
  host?: KernelHost
}

/**
 * Captures a function with everything it refers to.
 *
 * Takes 0.1 to 2 ms for a small function; plain data costs about what `v8.serialize` does.
 *
 * @throws `E_CLOSURE_UNSHIPPABLE` with the way to what cannot travel, `E_CLOSURE_SYNTAX` for text that is not strict code,
 *   `E_CLOSURE_DATA` for data V8 cannot write.
 */
export function capture(fn: unknown, options: CaptureOptions = {}): Capture {
  if (typeof fn !== 'function') {
    throw new MayflyError(
      'E_CLOSURE_NOT_FUNCTION',
      `Expected a function to ship, got ${fn === null ? 'null' : typeof fn}`,
    )
  }
  return new Capturer(options).run(fn as FunctionNode['value'])
}

interface Bound {
  target: unknown
  self: unknown
  args: unknown[]
}

interface Work {
  trail: Trail
  node?: FunctionNode
  /** Scanned when there is no node. */
  value?: unknown
  /** The object the value is a part of. */
  owner?: object
}

const NATIVE = /\{\s*\[native code\]\s*\}\s*$/

class Capturer {
  readonly #lookup: Lookup
  readonly #names = new Names()
  readonly #functions: FunctionNode[] = []
  readonly #references = new Map<unknown, Reference>()
  readonly #bound = new Map<object, Bound>()
  readonly #plans = new Map<object, InstancePlan>()
  /** Prototypes whose objects need nothing but their prototype, by the kind of object that was seen. */
  readonly #ordinary = new Map<object, Brand>()
  readonly #numbered = new Map<Reference, number>()
  readonly #variables = new Map<string, Variable>()
  readonly #importUses: { node: FunctionNode; name: string }[] = []
  readonly #scopes = new Map<string, ScopeUse>()
  readonly #roots: unknown[] = []
  readonly #work: Work[] = []
  readonly #extras: Extras = { properties: [], prototypes: [], privates: [], closed: [] }
  readonly #scanner: Scanner
  #at: Work = { trail: new Trail([]) }

  constructor({ workspace, host = kernelHost() }: CaptureOptions) {
    this.#lookup = new Lookup(host, workspace ?? host?.workspace ?? process.cwd(), this.#names)
    this.#scanner = new Scanner({
      known: (value) => this.#known(value) !== undefined,
      fn: (value, holder, key) => this.#function(value, holder, key),
      instance: (value, brand, prototype) => this.#instance(value, brand, prototype),
      refuse: (value, what, hint) => this.#refuse(value, what, hint),
    })
  }

  run(fn: FunctionNode['value']): Capture {
    const name = nameOf(fn) || 'anonymous'
    this.#addRoot(fn, new Trail([name]))
    // The list grows while it is worked off.
    for (const work of this.#work) {
      this.#at = work
      if (work.node) this.#resolve(work.node)
      else this.#scanner.scan(work.value, work.owner)
    }
    this.#settleImports()
    mergeSharedScopes([...this.#scopes.values()])
    const { data, blobs, late, plain } = this.#encode()
    const emission = emit({
      functions: this.#functions,
      variables: [...this.#variables.values()],
      imports: this.#lookup.imports,
      references: [...this.#numbered.keys()],
      late,
      stateless: plain && this.#isStateless(),
      specifierOf: (node, literal) => this.#lookup.specifier(literal, node.base),
    })
    return {
      name,
      text: emission.text,
      external: this.#lookup.external,
      resolveDir: this.#lookup.workspace,
      data,
      blobs,
      spans: () => spansOf(emission),
    }
  }

  #addRoot(value: unknown, trail: Trail): number {
    this.#work.push({ trail, value })
    return this.#roots.push(value) - 1
  }

  /** Whether all captured variables hold primitives or functions, and no function assigns to one. */
  #isStateless(): boolean {
    const constant = this.#roots.every((value) => typeof value !== 'object' || value === null)
    return (
      constant && this.#functions.every(({ analysis, names }) => ![...analysis.written].some((name) => names.has(name)))
    )
  }

  #encode(): Encoded {
    const encoder = new Encoder(
      {
        ref: (value) => {
          const reference = typeof value === 'symbol' ? this.#symbol(value) : this.#settled(value)
          const made = reference?.kind === 'function' && reference.node.given
          return reference && !made ? this.#number(reference) : undefined
        },
        factory: (value) => {
          const reference = this.#references.get(value)
          if (reference?.kind !== 'function' || !reference.node.given) return undefined
          return { ref: this.#number(reference), self: reference.node.given.value }
        },
        bound: (value) => this.#bound.get(value),
        plan: (value) => this.#plans.get(value),
        isPlain: (value) => this.#scanner.isPlain(value),
      },
      this.#scanner.buffers,
    )
    return encoder.encode(this.#roots, this.#extras)
  }

  /** Well-known symbols are references, all others data. */
  #symbol(value: symbol): Reference | undefined {
    const known = this.#references.get(value)
    if (known) return known
    const text = globalExpression(value)
    if (text === undefined) return undefined
    const reference: Reference = { kind: 'code', text }
    this.#references.set(value, reference)
    return reference
  }

  #number(reference: Reference): number {
    let number = this.#numbered.get(reference)
    if (number === undefined) {
      number = this.#numbered.size
      this.#numbered.set(reference, number)
    }
    return number
  }

  #refuse(value: unknown, what: string, hint: string): never {
    const trail = this.#at.trail.into(this.#at.value, value)
    throw new MayflyError('E_CLOSURE_UNSHIPPABLE', `${trail}: ${what} cannot be shipped to a worker`, { hint })
  }

  /** A reference that needs no capture: found by name or by identity. */
  #known(value: object): Reference | undefined {
    const known = this.#references.get(value)
    if (known) return known
    const reference = this.#lookup.byIdentity(value)
    if (!reference) return undefined
    this.#references.set(value, reference)
    if (typeof value === 'function') {
      const prototype: unknown = Object.getOwnPropertyDescriptor(value, 'prototype')?.value
      if (prototype && !this.#references.has(prototype)) {
        this.#references.set(prototype, { kind: 'member', of: reference, access: '.prototype' })
      }
    }
    return reference
  }

  /** As `#known`, once everything has been walked: what was walked as data is data. */
  #settled(value: object): Reference | undefined {
    return this.#references.get(value) ?? (this.#scanner.hasSeen(value) ? undefined : this.#known(value))
  }

  #function(value: object, holder: object | undefined, key: PropertyKey | undefined): void {
    if (this.#known(value) || this.#bound.has(value)) return
    const trail = this.#at.node ? this.#at.trail : this.#at.trail.into(this.#at.value, value)
    if (types.isProxy(value)) this.#refuse(value, 'Proxy', 'Capture the function behind the proxy.')
    const text = Function.prototype.toString.call(value)
    if (NATIVE.test(text)) {
      this.#native(value, trail)
      return
    }
    const analysis = analyse(text)
    const owner = classOfMethod(value, analysis, holder, key)
    if (owner) {
      const of = this.#reference(owner.value) as Reference
      this.#references.set(value, { kind: 'member', of, access: owner.access })
      return
    }
    const node = this.#addNode(value as FunctionNode['value'], analysis)
    if (holder) node.holder = holder
    const refusal = give(node, holder, key)
    if (refusal) this.#refuse(value, refusal.what, refusal.hint)
    this.#work.push({ trail, node, value })
  }

  #native(value: object, trail: Trail): void {
    const { bound } = inspectFunction(value)
    if (!bound) {
      const hint = 'It is made of machine code: create what it belongs to inside the function.'
      this.#refuse(value, `native function ${nameOf(value) || '(anonymous)'}`, hint)
      return
    }
    this.#bound.set(value, bound)
    this.#work.push({ trail, value: bound.self })
    this.#work.push({ trail: trail.to('bound function'), value: bound.target, owner: bound.self as object })
    for (const [index, argument] of bound.args.entries()) {
      this.#work.push({ trail: trail.to(`bound argument ${index}`), value: argument })
    }
  }

  #addNode(value: FunctionNode['value'], analysis: Analysis): FunctionNode {
    let view: FunctionView | undefined
    const name = nameOf(value)
    const node: FunctionNode = {
      value,
      name,
      analysis,
      view: () => (view ??= inspectFunction(value)),
      names: new Map(),
      emitted: `$mff${this.#functions.length}`,
      base: this.#lookup.baseUrl,
    }
    if (analysis.imports.length > 0 || analysis.metas.length > 0) {
      const url = scriptUrl(node.view().scriptId)
      if (url?.startsWith('file:')) node.base = url
    }
    this.#functions.push(node)
    const reference: Reference = { kind: 'function', node }
    this.#references.set(value, reference)
    return node
  }

  #resolve(node: FunctionNode): void {
    const { analysis } = node
    for (const name of analysis.free) {
      const target = this.#target(node, name)
      if (target) node.names.set(name, target)
    }
    const found = extrasOf(node, (value) => {
      this.#work.push({ trail: this.#at.trail, value, owner: node.value })
      if (typeof value === 'function') this.#function(value, undefined, undefined)
    })
    const of: Reference = { kind: 'function', node }
    const own = this.#references.get(node.value) ?? of
    for (const { value, access } of found.members) {
      if (!this.#references.has(value)) this.#references.set(value, { kind: 'member', of: own, access })
    }
    const place = (target: object) =>
      this.#number(target === node.value ? own : (this.#references.get(target) as Reference))
    for (const { target, key, slot } of found.properties)
      this.#extras.properties.push({ ref: place(target), key, slot })
    for (const { target, prototype } of found.prototypes)
      this.#extras.prototypes.push({ ref: place(target), prototype })
    for (const { target, level } of found.closed) this.#extras.closed.push({ ref: place(target), level })
    if (found.privates) this.#extras.privates.push({ ref: place(node.value), ...found.privates })
    if (found.parent === null) node.parent = { kind: 'code', text: 'null' }
    else if (found.parent) node.parent = this.#reference(found.parent)
  }

  /** Reference of a function or class, captured when it is new. */
  #reference(value: object): Reference | undefined {
    if (typeof value === 'function') this.#function(value, undefined, undefined)
    return this.#known(value)
  }

  /** What a free name of a function means, or undefined when the text keeps it. */
  #target(node: FunctionNode, name: string): Target | undefined {
    const { scopes, scriptId } = node.view()
    for (const [index, { kind, title, values }] of scopes.entries()) {
      if (kind === 'module') {
        const url = scriptUrl(scriptId)
        const reference = url === undefined ? undefined : this.#lookup.imported(url, name)
        if (reference) return { kind: 'reference', reference }
        if (Object.hasOwn(values, name)) return this.#variable(url ?? `module ${scriptId}`, name, values[name], node)
      } else if (kind === 'inner') {
        if (!Object.hasOwn(values, name)) continue
        const target = this.#variable(`${node.emitted} ${index}`, name, values[name], node)
        const key = `${node.emitted} ${index}`
        let use = this.#scopes.get(key)
        if (!use) this.#scopes.set(key, (use = { node, title, values, variables: new Map() }))
        use.variables.set(name, target.variable)
        return target
      }
    }
    const found = this.#lookup.global(name)
    const written = node.analysis.written.has(name)
    // A sloppy script makes a global of an unknown name at the first assignment; a module must declare it.
    if (!found) return written ? this.#variable('script', name, undefined, node) : undefined
    if (!found.reference || written) return this.#variable('script', name, found.value, node)
    this.#importUses.push({ node, name })
    return { kind: 'reference', reference: found.reference }
  }

  /** An import that one function assigns to is a variable for all of them. */
  #settleImports(): void {
    for (const { node, name } of this.#importUses) {
      const variable = this.#variables.get(`script ${name}`)
      if (variable) node.names.set(name, { kind: 'variable', variable })
    }
  }

  #variable(scope: string, name: string, value: unknown, node: FunctionNode): Target & { kind: 'variable' } {
    const key = `${scope} ${name}`
    let variable = this.#variables.get(key)
    if (!variable) {
      const trail = (this.#at.node === node ? this.#at.trail : new Trail([node.name])).to(name)
      variable = { name, value, emitted: this.#names.unique(name), root: this.#addRoot(value, trail) }
      this.#variables.set(key, variable)
    }
    return { kind: 'variable', variable }
  }

  #instance(value: object, brand: Brand, prototype: object | null): boolean {
    const key = prototype ?? Object.prototype
    if (this.#ordinary.get(key) === brand) return true
    const { plan, opaque, alike } = planInstance(value, brand, prototype, {
      reference: (owner) => this.#reference(owner),
      node: (owner) => {
        const reference = this.#references.get(owner)
        return reference?.kind === 'function' ? reference.node : undefined
      },
      foreign: (owner) => this.#lookup.isForeign(owner, this.#known(owner), () => moduleUrl(owner)),
      number: (reference) => this.#number(reference),
      scanLater: (part, owner) => this.#work.push({ trail: this.#at.trail, value: part, owner }),
      refuse: (part, what, hint) => this.#refuse(part, what, hint),
    })
    if (plan) this.#plans.set(value, plan)
    if (alike) this.#ordinary.set(key, brand)
    return !opaque
  }
}

/** URL of the script of a class, unless it was written at the top level of a cell: that need not be asked. */
function moduleUrl(owner: object): string | undefined {
  const { scopes, scriptId } = inspectFunction(owner)
  return scopes.some(({ kind }) => kind === 'inner' || kind === 'module') ? scriptUrl(scriptId) : undefined
}

function nameOf(value: object): string {
  const name: unknown = Object.getOwnPropertyDescriptor(value, 'name')?.value
  return typeof name === 'string' ? name : ''
}
