/** Which names a piece of syntax declares, and for which scope. Pure. */
import type { AnyNode, BlockStatement, Pattern } from 'acorn'

/** Adds the names a pattern binds. */
export function declare(node: Pattern | AnyNode, names: Set<string>): void {
  switch (node.type) {
    case 'Identifier':
      names.add(node.name)
      return
    case 'ObjectPattern':
      for (const property of node.properties) {
        declare(property.type === 'RestElement' ? property.argument : property.value, names)
      }
      return
    case 'ArrayPattern':
      for (const element of node.elements) if (element) declare(element, names)
      return
    case 'AssignmentPattern':
      declare(node.left, names)
      return
    case 'RestElement':
      declare(node.argument, names)
      return
  }
}

/** Names declared directly in a list of statements: let, const, using, class and function. */
export function declareLexical(statements: AnyNode[], names: Set<string>): void {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration') {
      if (statement.kind !== 'var') for (const { id } of statement.declarations) declare(id, names)
    } else if (statement.type === 'ClassDeclaration' || statement.type === 'FunctionDeclaration') {
      if (statement.id) names.add(statement.id.name)
    } else if (statement.type === 'LabeledStatement') declareLexical([statement.body], names)
  }
}

/** Names of `var` declarations, which belong to the whole function however deep they stand. */
export function hoistVars(statements: (AnyNode | null | undefined)[], names: Set<string>): void {
  for (const node of statements) {
    switch (node?.type) {
      case 'VariableDeclaration':
        if (node.kind === 'var') for (const { id } of node.declarations) declare(id, names)
        break
      case 'BlockStatement':
        hoistVars((node as BlockStatement).body, names)
        break
      case 'IfStatement':
        hoistVars([node.consequent, node.alternate], names)
        break
      case 'ForStatement':
        hoistVars([node.init, node.body], names)
        break
      case 'ForInStatement':
      case 'ForOfStatement':
        hoistVars([node.left, node.body], names)
        break
      case 'WhileStatement':
      case 'DoWhileStatement':
      case 'LabeledStatement':
        hoistVars([node.body], names)
        break
      case 'SwitchStatement':
        for (const branch of node.cases) hoistVars(branch.consequent, names)
        break
      case 'TryStatement':
        hoistVars([node.block, node.handler?.body, node.finalizer], names)
        break
    }
  }
}
