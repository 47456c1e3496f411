/** From the AST of a cell to its edits: everything REPL mode lacks, still in TypeScript. */
import { eachChild, hoistedVars, isErased, isFunction, isTypeOnly, type Node } from './ast.js'
import {
  rewriteClass,
  rewriteEnum,
  rewriteFunction,
  rewriteHoistedVar,
  rewriteNamespace,
  rewriteVariables,
} from './declarations.js'
import { Draft } from './draft.js'
import { rewriteExport, rewriteImport, rewriteImportEquals } from './modules.js'
import { type Declaration, listDeclarations, type NotebookNames, renameOf, unwrapExport } from './names.js'
import { findReferences } from './scope.js'

export interface Rewritten {
  draft: Draft
  /** False when the result is JavaScript already. */
  needsLowering: boolean
  /** False when the completion value is no value the user asked to see. */
  showsValue: boolean
  /** Names this cell declares although the runtime has them. */
  shadowed: string[]
}

/** Rewrites a parsed cell. Pure. @throws CellSyntaxError for a name declared twice. */
export function rewriteCell(source: string, program: Node, names: NotebookNames, cell: string): Rewritten {
  const draft = new Draft(source, names, cell)
  const declarations = listDeclarations(program)
  const shadowing = declarations.filter(({ name }) => names.globals.has(name))
  for (const { name } of shadowing) draft.renamed.add(name)
  const needsLowering = rewriteExpressions(draft, program)
  const statements = program.body as Node[]
  const firstCode = statements.find((statement) => statement.type !== 'ImportDeclaration')
  draft.anchor = firstCode ? firstCode.start : source.length
  rewriteStatements(draft, program, declarations)
  for (const { node, shorthand } of findReferences(program, draft.renamed)) {
    if (draft.settled.has(node)) continue
    const name = node.name as string
    draft.text.update(node.start, node.start + name.length, `${shorthand ? `${name}: ` : ''}${renameOf(name)}`)
  }
  return {
    draft,
    needsLowering,
    showsValue: showsValue(statements),
    shadowed: [...new Set(shadowing.filter(({ form }) => form !== 'import').map(({ name }) => name))],
  }
}

function rewriteStatements(draft: Draft, program: Node, declarations: Declaration[]): void {
  const times = new Map<string, number>()
  for (const { name } of declarations) times.set(name, (times.get(name) ?? 0) + 1)
  const imported = new Set(declarations.filter(({ form }) => form === 'import').map(({ name }) => name))
  const used = new Set(findReferences(program, imported).map(({ node }) => node.name as string))
  for (const statement of program.body as Node[]) {
    if (statement.type === 'ImportDeclaration') rewriteImport(draft, statement, used)
    else if (/^(Export|TSExportAssignment)/.test(statement.type)) {
      if (isTypeOnly(statement)) draft.text.update(statement.start, statement.end, ';')
      else if (rewriteExport(draft, statement)) rewriteDeclaration(draft, unwrapExport(statement), times)
    } else rewriteDeclaration(draft, statement, times)
  }
}

function rewriteDeclaration(draft: Draft, node: Node, times: ReadonlyMap<string, number>): void {
  if (isErased(node)) return
  // Declarations that merge with another of this cell stay as they are: the compiler knows how they merge.
  const merges = (times.get(node.id?.name) ?? 0) > 1
  switch (node.type) {
    case 'TSImportEqualsDeclaration':
      if (node.importKind !== 'type') rewriteImportEquals(draft, node)
      break
    case 'VariableDeclaration':
      rewriteVariables(draft, node)
      break
    case 'FunctionDeclaration':
      rewriteFunction(draft, node)
      break
    case 'ClassDeclaration':
      if (merges) draft.declared.set(node.id.name, 'lexical')
      else rewriteClass(draft, node)
      break
    case 'TSEnumDeclaration':
      if (merges) draft.declared.set(node.id.name, 'var')
      else rewriteEnum(draft, node)
      break
    case 'TSModuleDeclaration':
      if (node.id.type !== 'Identifier' || !merges) rewriteNamespace(draft, node)
      break
    default:
      hoistedVars(node, (declaration, parent) => rewriteHoistedVar(draft, declaration, parent))
  }
}

/** Awaits at the top level, dynamic imports and `import.meta` anywhere. Returns whether the cell holds more than JavaScript. */
function rewriteExpressions(draft: Draft, program: Node): boolean {
  const { text } = draft
  let lowering = false
  const visit = (node: Node, inside: boolean): void => {
    if (isMoreThanJavaScript(node)) lowering = true
    if (isErased(node)) return
    switch (node.type) {
      case 'AwaitExpression':
        if (!inside) {
          text.appendRight(node.argument.start, '__nb.wait(').appendLeft(node.argument.end, ')')
        }
        break
      case 'ForOfStatement':
        if (node.await && !inside) text.appendRight(node.right.start, '__nb.each(').appendLeft(node.right.end, ')')
        break
      case 'ImportExpression':
        text.update(node.start, node.start + 'import'.length, '__nb.import')
        break
      case 'MetaProperty':
        if (node.meta.name === 'import') text.update(node.start, node.end, '__nb.meta')
        return
    }
    const within = inside || isFunction(node) || node.type === 'PropertyDefinition' || node.type === 'StaticBlock'
    eachChild(node, (child) => visit(child, within))
  }
  for (const statement of program.body as Node[]) visit(statement, false)
  return lowering
}

const LOWERED_FLAGS = ['accessibility', 'readonly', 'override', 'definite', 'optional', 'abstract', 'declare'] as const

function isMoreThanJavaScript(node: Node): boolean {
  if (node.type.startsWith('TS') || node.type === 'AccessorProperty' || node.type === 'Decorator') return true
  if (node.type === 'VariableDeclaration' && node.kind.endsWith('using')) return true
  // `a?.b` is `optional` too, and JavaScript.
  if (node.type === 'MemberExpression' || node.type === 'CallExpression') return false
  return LOWERED_FLAGS.some((flag) => node[flag])
}

/** Loops and declarations complete with values nobody asked for; expressions, and blocks that end in one, are asked for. */
function showsValue(statements: Node[]): boolean {
  const last = statements.findLast((statement) => !isTypeOnly(statement))
  if (!last) return false
  if (last.type === 'ExportDefaultDeclaration') return !last.declaration.id
  return /^(Expression|If|Try|Block|Labeled|Switch)Statement$|^BlockStatement$/.test(last.type)
}
