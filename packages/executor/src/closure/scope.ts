/**
 * Which names a function takes from outside, and where they stand in its text. Pure; results are cached by text, since a
 * notebook ships the same few functions again and again.
 */
import type { AnyNode, Class, Function as FunctionNode, Identifier, Pattern } from 'acorn'
import { type ClassShape, shapeOf } from './class-shape.js'
import { declare, declareLexical, hoistVars } from './declarations.js'
import type { Range } from './edits.js'
import { type Form, parseFunction } from './parse.js'

/** One mention of a free name. */
export interface Mention extends Range {
  name: string
  /** `{ name }`: renaming it needs the long form. */
  shorthand: boolean
}

/** A dynamic import. `callee` covers `import` (or the kernel's stand-in), `literal` the constant specifier if there is one. */
export interface DynamicImport {
  callee: Range
  argument: Range
  literal?: string
}

export interface Analysis {
  text: string
  form: Form
  /** Where the debugger says the function stands: at its parameters, for a class at those of its constructor. */
  origin: number
  /** Where the key of a method or accessor stands. */
  key?: Range
  mentions: Mention[]
  /** Free names in order of first mention. */
  free: string[]
  /** Free names the function assigns to. */
  written: Set<string>
  imports: DynamicImport[]
  /** Places of `import.meta`. */
  metas: Range[]
  /** What an arrow function takes from the function around it, and a method from its object. */
  uses: { this: boolean; super: boolean; arguments: boolean; newTarget: boolean; eval: boolean }
  /** For a class. */
  shape?: ClassShape
}

const CACHE_SIZE = 2_000
const cache = new Map<string, Analysis>()

/**
 * Analyses the text of a function (`Function.prototype.toString`).
 * @throws `E_CLOSURE_SYNTAX` when it is not strict-mode JavaScript.
 */
export function analyse(text: string): Analysis {
  let analysis = cache.get(text)
  if (analysis) return analysis
  analysis = walk(text)
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value as string)
  cache.set(text, analysis)
  return analysis
}

/** The kernel turns `import(x)` into `__nb.import(x)` and `import.meta` into `__nb.meta`. */
const KERNEL_OBJECT = '__nb'

interface Scope {
  names: Set<string>
  parent: Scope | undefined
}

/** What `this`, `super`, `arguments` and `new.target` belong to: undefined inside an inner function that has its own. */
interface Walk {
  analysis: Analysis
  offset: number
  own: boolean
}

function walk(text: string): Analysis {
  const parsed = parseFunction(text)
  const { node, form, offset } = parsed
  const analysis: Analysis = {
    text,
    form,
    origin: 0,
    ...(parsed.key ? { key: parsed.key } : {}),
    mentions: [],
    free: [],
    written: new Set(),
    imports: [],
    metas: [],
    uses: { this: false, super: false, arguments: false, newTarget: false, eval: false },
  }
  const state: Walk = { analysis, offset, own: true }
  if (form === 'class') {
    analysis.shape = shapeOf(node as Class, text, offset)
    analysis.origin = analysis.shape.constructorAt ? analysis.shape.constructorAt.params.start - 1 : 0
    visitClass(node as Class, undefined, state)
  } else {
    analysis.origin = parametersAt(node as FunctionNode, text, offset)
    visitFunction(node as FunctionNode, undefined, form === 'arrow' ? state : { ...state, own: true }, true)
  }
  const dropped = analysis.shape?.dropped ?? []
  analysis.mentions = analysis.mentions
    .filter((mention) => !dropped.some((range) => mention.start >= range.start && mention.end <= range.end))
    .sort((a, b) => a.start - b.start)
  analysis.free = [...new Set(analysis.mentions.map((mention) => mention.name))]
  return analysis
}

function parametersAt(node: FunctionNode, text: string, offset: number): number {
  if (node.type === 'ArrowFunctionExpression') return 0
  return text.indexOf('(', (node.type === 'FunctionExpression' && node.id ? node.id.end : node.start) - offset)
}

function isBound(name: string, scope: Scope | undefined): boolean {
  for (let at = scope; at; at = at.parent) if (at.names.has(name)) return true
  return false
}

function mention(node: Identifier, scope: Scope | undefined, state: Walk, write: boolean, shorthand = false): void {
  const { name } = node
  if (isBound(name, scope)) return
  const { analysis, offset } = state
  if (name === 'arguments') {
    // A function's own `arguments` is declared by `visitFunction`; here it belongs to one further out.
    analysis.uses.arguments = true
    return
  }
  analysis.mentions.push({ name, start: node.start - offset, end: node.end - offset, shorthand })
  if (write) analysis.written.add(name)
}

function visitFunction(node: FunctionNode, parent: Scope | undefined, state: Walk, root = false): void {
  const arrow = node.type === 'ArrowFunctionExpression'
  const inner = arrow || root ? state : { ...state, own: false }
  let scope: Scope = { names: new Set(), parent }
  if (!arrow) {
    scope.names.add('arguments')
    if (node.type === 'FunctionExpression' && node.id) {
      scope = { names: new Set([node.id.name]), parent }
      scope = { names: new Set(['arguments']), parent: scope }
    }
  }
  for (const param of node.params) declare(param, scope.names)
  for (const param of node.params) visitPattern(param, scope, inner, false)
  if (node.body.type !== 'BlockStatement') {
    visit(node.body, scope, inner)
    return
  }
  const body: Scope = { names: new Set(), parent: scope }
  hoistVars(node.body.body, body.names)
  declareLexical(node.body.body, body.names)
  for (const statement of node.body.body) visit(statement, body, inner)
}

function visitClass(node: Class, parent: Scope | undefined, state: Walk): void {
  const scope: Scope = { names: new Set(node.id ? [node.id.name] : []), parent }
  if (node.superClass) visit(node.superClass, scope, state)
  for (const member of node.body.body) {
    if (member.type === 'StaticBlock') {
      const body: Scope = { names: new Set(['arguments']), parent: scope }
      hoistVars(member.body, body.names)
      declareLexical(member.body, body.names)
      for (const statement of member.body) visit(statement, body, { ...state, own: false })
      continue
    }
    if (member.computed) visit(member.key, scope, state)
    if (member.value) visit(member.value, { names: new Set(['arguments']), parent: scope }, { ...state, own: false })
  }
}

/** Visits a binding or assignment pattern; `assigns` when its names are not declared by it. */
function visitPattern(node: Pattern | AnyNode, scope: Scope | undefined, state: Walk, assigns: boolean): void {
  switch (node.type) {
    case 'Identifier':
      if (assigns) mention(node, scope, state, true)
      return
    case 'ObjectPattern':
      for (const property of node.properties) {
        if (property.type === 'RestElement') {
          visitPattern(property.argument, scope, state, assigns)
          continue
        }
        if (property.computed) visit(property.key, scope, state)
        const { value } = property
        if (property.shorthand && assigns) {
          const target = value.type === 'AssignmentPattern' ? value.left : value
          if (target.type === 'Identifier') mention(target, scope, state, true, true)
          if (value.type === 'AssignmentPattern') visit(value.right, scope, state)
        } else visitPattern(value, scope, state, assigns)
      }
      return
    case 'ArrayPattern':
      for (const element of node.elements) if (element) visitPattern(element, scope, state, assigns)
      return
    case 'AssignmentPattern':
      visitPattern(node.left, scope, state, assigns)
      visit(node.right, scope, state)
      return
    case 'RestElement':
      visitPattern(node.argument, scope, state, assigns)
      return
    default:
      visit(node, scope, state)
  }
}

function visitBlock(statements: AnyNode[], parent: Scope | undefined, state: Walk): void {
  const scope: Scope = { names: new Set(), parent }
  declareLexical(statements, scope.names)
  for (const statement of statements) visit(statement, scope, state)
}

function visit(node: AnyNode, scope: Scope | undefined, state: Walk): void {
  const { analysis, offset } = state
  const range = (of: AnyNode): Range => ({ start: of.start - offset, end: of.end - offset })
  switch (node.type) {
    case 'Identifier':
      mention(node, scope, state, false)
      return
    case 'FunctionExpression':
    case 'FunctionDeclaration':
    case 'ArrowFunctionExpression':
      visitFunction(node as FunctionNode, scope, state)
      return
    case 'ClassExpression':
    case 'ClassDeclaration':
      visitClass(node as Class, scope, state)
      return
    case 'ThisExpression':
      if (state.own) analysis.uses.this = true
      return
    case 'Super':
      if (state.own) analysis.uses.super = true
      return
    case 'MetaProperty':
      if (node.meta.name === 'import') analysis.metas.push(range(node))
      else if (state.own) analysis.uses.newTarget = true
      return
    case 'ImportExpression':
      addImport(node.source, { start: node.start - offset, end: node.start - offset + 'import'.length }, state)
      visitChildren(node, scope, state)
      return
    case 'CallExpression':
      if (isKernelMember(node.callee, 'import', scope) && node.arguments[0]) {
        addImport(node.arguments[0], range(node.callee), state)
        for (const argument of node.arguments) visit(argument, scope, state)
        return
      }
      if (node.callee.type === 'Identifier' && node.callee.name === 'eval' && !isBound('eval', scope)) {
        analysis.uses.eval = true
      }
      visitChildren(node, scope, state)
      return
    case 'MemberExpression':
      if (isKernelMember(node, 'meta', scope)) {
        analysis.metas.push(range(node))
        return
      }
      visit(node.object, scope, state)
      if (node.computed) visit(node.property, scope, state)
      return
    case 'Property':
      if (node.computed) visit(node.key, scope, state)
      if (node.shorthand && node.value.type === 'Identifier') mention(node.value, scope, state, false, true)
      else visit(node.value, scope, state)
      return
    case 'AssignmentExpression':
      visitPattern(node.left, scope, state, true)
      visit(node.right, scope, state)
      return
    case 'UpdateExpression':
      visitPattern(node.argument, scope, state, true)
      return
    case 'VariableDeclaration':
      for (const { id, init } of node.declarations) {
        visitPattern(id, scope, state, false)
        if (init) visit(init, scope, state)
      }
      return
    case 'BlockStatement':
    case 'StaticBlock':
      visitBlock(node.body, scope, state)
      return
    case 'ForStatement': {
      const loop: Scope = { names: new Set(), parent: scope }
      if (node.init?.type === 'VariableDeclaration') declareLexical([node.init], loop.names)
      for (const part of [node.init, node.test, node.update, node.body]) if (part) visit(part, loop, state)
      return
    }
    case 'ForInStatement':
    case 'ForOfStatement': {
      const loop: Scope = { names: new Set(), parent: scope }
      if (node.left.type === 'VariableDeclaration') {
        declareLexical([node.left], loop.names)
        visit(node.left, loop, state)
      } else visitPattern(node.left, loop, state, true)
      visit(node.right, loop, state)
      visit(node.body, loop, state)
      return
    }
    case 'SwitchStatement': {
      visit(node.discriminant, scope, state)
      const cases: Scope = { names: new Set(), parent: scope }
      for (const branch of node.cases) declareLexical(branch.consequent, cases.names)
      for (const branch of node.cases) {
        if (branch.test) visit(branch.test, cases, state)
        for (const statement of branch.consequent) visit(statement, cases, state)
      }
      return
    }
    case 'CatchClause': {
      const clause: Scope = { names: new Set(), parent: scope }
      if (node.param) {
        declare(node.param, clause.names)
        visitPattern(node.param, clause, state, false)
      }
      visitBlock(node.body.body, clause, state)
      return
    }
    case 'LabeledStatement':
      visit(node.body, scope, state)
      return
    case 'BreakStatement':
    case 'ContinueStatement':
      return
    default:
      visitChildren(node, scope, state)
      return
  }
}

function visitChildren(node: AnyNode, scope: Scope | undefined, state: Walk): void {
  for (const key in node) {
    const child = (node as unknown as Record<string, unknown>)[key]
    if (!child || typeof child !== 'object') continue
    if (Array.isArray(child)) {
      for (const item of child) if (item && typeof item.type === 'string') visit(item, scope, state)
    } else if (typeof (child as AnyNode).type === 'string') visit(child as AnyNode, scope, state)
  }
}

function isKernelMember(node: AnyNode, property: string, scope: Scope | undefined): boolean {
  return (
    node.type === 'MemberExpression' &&
    !node.computed &&
    node.object.type === 'Identifier' &&
    node.object.name === KERNEL_OBJECT &&
    node.property.type === 'Identifier' &&
    node.property.name === property &&
    !isBound(KERNEL_OBJECT, scope)
  )
}

function addImport(source: AnyNode, callee: Range, { analysis, offset }: Walk): void {
  const argument = { start: source.start - offset, end: source.end - offset }
  const literal =
    source.type === 'Literal' && typeof source.value === 'string'
      ? source.value
      : source.type === 'TemplateLiteral' && source.quasis.length === 1
        ? (source.quasis[0]?.value.cooked ?? undefined)
        : undefined
  analysis.imports.push({ callee, argument, ...(literal === undefined ? {} : { literal }) })
}
