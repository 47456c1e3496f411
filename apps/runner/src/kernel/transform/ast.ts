/** The little of the AST the cell transform needs: a loose node type, and who counts as a type. */
import { visitorKeys } from 'oxc-parser'

/** An ESTree/TS-ESTree node as oxc-parser gives it. Offsets are UTF-16 code units of the cell's text. */
export interface Node {
  type: string
  start: number
  end: number
  // The shapes differ by `type`; the transform checks `type` before it reads a field.
  // biome-ignore lint/suspicious/noExplicitAny: a closed union of 200 node types would say no more here
  [field: string]: any
}

/** TypeScript nodes that hold code which runs; every other `TS…` node is erased and holds none. */
const RUNNING_TS = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
  'TSEnumDeclaration',
  'TSEnumBody',
  'TSEnumMember',
  'TSModuleDeclaration',
  'TSModuleBlock',
  'TSParameterProperty',
  'TSExportAssignment',
  'TSImportEqualsDeclaration',
])

/** True for nodes that vanish when types are stripped. */
export function isErased(node: Node): boolean {
  if (node.declare === true) return true
  return node.type.startsWith('TS') && !RUNNING_TS.has(node.type)
}

/** True for statements that leave nothing behind: types, `declare …`, overload signatures, `import type`, `;`. */
export function isTypeOnly(node: Node): boolean {
  if (node.type === 'EmptyStatement' || isErased(node)) return true
  if (node.type === 'ImportDeclaration' || node.type === 'TSImportEqualsDeclaration') return node.importKind === 'type'
  if (node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration') {
    return node.exportKind === 'type' || (node.declaration ? isTypeOnly(node.declaration) : false)
  }
  return false
}

export const isFunction = (node: Node): boolean =>
  node.type === 'FunctionDeclaration' ||
  node.type === 'FunctionExpression' ||
  node.type === 'ArrowFunctionExpression' ||
  node.type === 'TSDeclareFunction'

/** Calls `visit` with every direct child node, in source order. */
export function eachChild(node: Node, visit: (child: Node) => void): void {
  const keys = visitorKeys[node.type]
  if (!keys) return
  for (const key of keys) {
    const value = node[key]
    if (!value) continue
    if (Array.isArray(value)) {
      for (const item of value) if (item) visit(item)
    } else if (typeof value.type === 'string') visit(value)
  }
}

/** The identifiers a binding pattern binds, in source order. */
export function boundIdentifiers(pattern: Node | null, found: Node[] = []): Node[] {
  if (!pattern) return found
  switch (pattern.type) {
    case 'Identifier':
      found.push(pattern)
      break
    case 'ObjectPattern':
      for (const property of pattern.properties) boundIdentifiers(property.value ?? property.argument, found)
      break
    case 'ArrayPattern':
      for (const element of pattern.elements) boundIdentifiers(element, found)
      break
    case 'AssignmentPattern':
      boundIdentifiers(pattern.left, found)
      break
    case 'RestElement':
      boundIdentifiers(pattern.argument, found)
      break
    case 'TSParameterProperty':
      boundIdentifiers(pattern.parameter, found)
      break
  }
  return found
}

/** Names that `var` hoists out of `node` to the function (or script) around it. */
export function hoistedVars(
  node: Node,
  visit: (declaration: Node, parent: Node | undefined) => void,
  parent?: Node,
): void {
  if (isErased(node) || isFunction(node) || node.type.startsWith('Class') || node.type === 'TSModuleDeclaration') return
  if (node.type === 'VariableDeclaration' && node.kind === 'var') visit(node, parent)
  if (node.type.endsWith('Expression') || node.type === 'ExpressionStatement') return
  eachChild(node, (child) => hoistedVars(child, visit, node))
}
