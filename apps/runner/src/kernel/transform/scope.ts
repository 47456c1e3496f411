/** Which identifiers of a cell refer to a name of the notebook, rather than to an inner binding of the same name. */
import { boundIdentifiers, eachChild, hoistedVars, isErased, isFunction, type Node } from './ast.js'

/** A use of a name: `shorthand` when it stands in `{ name }` and must become `{ name: other }` if renamed. */
export interface Reference {
  node: Node
  shorthand: boolean
}

/**
 * Finds the uses of `names` in a program that are not bound by an inner scope; bindings at the top level itself are
 * reported like uses. Types are skipped. The name of a class or function declared at the top level is not reported inside
 * its own body: it is that binding's own business there.
 */
export function findReferences(program: Node, names: ReadonlySet<string>): Reference[] {
  const found: Reference[] = []
  if (names.size === 0) return found
  const walker = new Walker(names, found)
  for (const statement of program.body as Node[]) walker.visit(statement)
  return found
}

class Walker {
  readonly #names: ReadonlySet<string>
  readonly #found: Reference[]
  /** How many inner scopes around the current node bind a name. */
  readonly #bound = new Map<string, number>()

  constructor(names: ReadonlySet<string>, found: Reference[]) {
    this.#names = names
    this.#found = found
  }

  visit = (node: Node): void => {
    if (isErased(node)) return
    switch (node.type) {
      case 'Identifier':
        this.#use(node, false)
        return
      case 'MemberExpression':
        this.visit(node.object)
        if (node.computed) this.visit(node.property)
        return
      case 'Property':
        this.#property(node)
        return
      case 'MethodDefinition':
      case 'PropertyDefinition':
      case 'AccessorProperty':
        for (const decorator of node.decorators ?? []) this.visit(decorator)
        if (node.computed) this.visit(node.key)
        if (node.value) this.visit(node.value)
        return
      case 'LabeledStatement':
        this.visit(node.body)
        return
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'ImportDeclaration':
      case 'MetaProperty':
        return
      case 'ExportNamedDeclaration':
        if (node.declaration) this.visit(node.declaration)
        return
      case 'TSAsExpression':
      case 'TSSatisfiesExpression':
      case 'TSNonNullExpression':
      case 'TSTypeAssertion':
      case 'TSInstantiationExpression':
        this.visit(node.expression)
        return
      case 'TSEnumDeclaration':
        this.#use(node.id, false)
        this.#within([node.id], () => eachChild(node.body ?? node, (child) => child !== node.id && this.visit(child)))
        return
      case 'TSEnumMember':
        if (node.initializer) this.visit(node.initializer)
        return
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#class(node)
        return
      case 'CatchClause':
        this.#within(boundIdentifiers(node.param), () => eachChild(node, this.visit))
        return
      case 'BlockStatement':
      case 'StaticBlock':
      case 'SwitchStatement':
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'TSModuleBlock':
        this.#within(blockBindings(node), () => eachChild(node, this.visit))
        return
    }
    if (isFunction(node)) this.#function(node)
    else eachChild(node, this.visit)
  }

  #use(node: Node, shorthand: boolean): void {
    if (this.#names.has(node.name) && !this.#bound.get(node.name)) this.#found.push({ node, shorthand })
  }

  #property(node: Node): void {
    if (node.computed) this.visit(node.key)
    const value = node.value as Node
    if (node.shorthand) {
      const target = value.type === 'AssignmentPattern' ? value.left : value
      this.#use(target, true)
      if (value.type === 'AssignmentPattern') this.visit(value.right)
    } else this.visit(value)
  }

  #class(node: Node): void {
    if (node.id && node.type === 'ClassDeclaration') this.#use(node.id, false)
    for (const decorator of node.decorators ?? []) this.visit(decorator)
    this.#within(node.id ? [node.id] : [], () => {
      if (node.superClass) this.visit(node.superClass)
      this.visit(node.body)
    })
  }

  #function(node: Node): void {
    const own = node.id ? [node.id] : []
    if (node.id && node.type === 'FunctionDeclaration') this.#use(node.id, false)
    const bindings = [...own]
    for (const parameter of node.params as Node[]) boundIdentifiers(parameter, bindings)
    if (node.body?.type === 'BlockStatement') {
      hoistedVars(node.body, (declaration) => {
        for (const { id } of declaration.declarations) boundIdentifiers(id, bindings)
      })
    }
    this.#within(bindings, () => {
      for (const parameter of node.params as Node[]) this.visit(parameter)
      if (node.body) this.visit(node.body)
    })
  }

  #within(bindings: Node[], body: () => void): void {
    const names = bindings.filter((binding) => this.#names.has(binding.name)).map((binding) => binding.name as string)
    for (const name of names) this.#bound.set(name, (this.#bound.get(name) ?? 0) + 1)
    body()
    for (const name of names) this.#bound.set(name, this.#bound.get(name)! - 1)
  }
}

/** What a block itself binds: `let`, `const`, `using`, `class` and `function`. */
function blockBindings(node: Node): Node[] {
  const found: Node[] = []
  const add = (statement: Node | null | undefined): void => {
    if (!statement || isErased(statement)) return
    if (statement.type === 'ExportNamedDeclaration') add(statement.declaration)
    else if (statement.type === 'VariableDeclaration' && (statement.kind !== 'var' || node.type === 'TSModuleBlock')) {
      for (const { id } of statement.declarations) boundIdentifiers(id, found)
    } else if (/^(Class|Function|TSEnum)Declaration$/.test(statement.type) && statement.id) found.push(statement.id)
  }
  if (Array.isArray(node.body)) node.body.forEach(add)
  for (const switchCase of node.cases ?? []) switchCase.consequent.forEach(add)
  add(node.init)
  add(node.left)
  return found
}
