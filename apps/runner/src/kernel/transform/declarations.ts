/**
 * Top-level declarations in the forms V8's REPL mode accepts again and again. It allows const → const, let → let or class,
 * class → let or class, var or function → var or function; every other change of kind is a SyntaxError, so it is written away here.
 */
import { boundIdentifiers, type Node } from './ast.js'
import type { Draft } from './draft.js'
import { firstOffset } from './modules.js'
import { namespaceRoot } from './names.js'

/** `let`, `const`, `using` and `var` statements at the top level. */
export function rewriteVariables(draft: Draft, node: Node): void {
  const names = (node.declarations as Node[]).flatMap(({ id }) => boundIdentifiers(id)).map((id) => id.name as string)
  if (node.kind === 'var') {
    if (names.some((name) => draft.kindOf(name) === 'lexical')) assignInstead(draft, node, names, true)
    else for (const name of names) draft.declared.set(draft.runtime(name), 'var')
    return
  }
  const keywords = new Set(names.map((name) => draft.bind(name)))
  if (node.kind.endsWith('using')) rewriteUsing(draft, node)
  if (keywords.size > 1) assignInstead(draft, node, names, true)
  else {
    const keyword = keywords.has('var') ? 'var' : 'let'
    const written = node.kind as string
    if (written !== keyword) draft.text.update(node.start, node.start + written.length, keyword.padEnd(written.length))
  }
}

/** A `var` inside a block or a loop's head hoists to the notebook; it must not meet a lexical name there. */
export function rewriteHoistedVar(draft: Draft, node: Node, parent: Node | undefined): void {
  const names = (node.declarations as Node[]).flatMap(({ id }) => boundIdentifiers(id)).map((id) => id.name as string)
  if (!names.some((name) => draft.kindOf(name) === 'lexical')) {
    for (const name of names) draft.declared.set(draft.runtime(name), 'var')
    return
  }
  const inHead = parent !== undefined && /^For/.test(parent.type) && parent.body !== node
  assignInstead(draft, node, names, !inHead)
}

/** Declares the names on top, each as it is held already, and leaves assignments where the declaration stood. */
function assignInstead(draft: Draft, node: Node, names: string[], isStatement: boolean): void {
  const { text } = draft
  for (const name of new Set(names)) draft.hoist(`${draft.bind(name)} ${draft.runtime(name)}; `)
  const [first] = node.declarations as Node[]
  text.update(node.start, first!.start, '')
  for (const { id, init } of node.declarations as Node[]) {
    if (id.typeAnnotation) text.remove(id.typeAnnotation.start, id.typeAnnotation.end)
    // A statement may not begin with `{`, and `(` would call what stands before it where a semicolon is missing.
    if (isStatement && init && id.type !== 'Identifier') text.appendRight(id.start, 'void (').appendLeft(init.end, ')')
  }
}

/** Resources held by a cell are released when the cell has ended: a block's end does not exist at the top level. */
function rewriteUsing(draft: Draft, node: Node): void {
  const open = node.kind === 'await using' ? 'await __nb.use(' : '__nb.use('
  const close = node.kind === 'await using' ? ', true)' : ')'
  for (const { init } of node.declarations as Node[]) {
    if (init) draft.text.appendRight(init.start, open).appendLeft(init.end, close)
  }
}

/** A function whose name is lexical already, or the runtime's own, becomes a hoisted variable. */
export function rewriteFunction(draft: Draft, node: Node): void {
  const name = node.id.name as string
  const renamed = draft.renamed.has(name)
  if (!renamed && draft.kindOf(name) !== 'lexical') {
    draft.declared.set(name, 'var')
    return
  }
  const keyword = draft.bind(name)
  draft.settled.add(node.id)
  // A renamed function keeps its name for stacks and recursion; otherwise recursion follows redeclarations, as it would.
  if (!renamed) draft.text.remove(node.id.start, node.id.end)
  draft.text.appendRight(node.start, `${keyword} ${draft.runtime(name)} = `).appendLeft(node.end, ';')
  draft.moveUp(node.start, node.end)
}

/** Classes: as they stand where V8 takes them, else made inside a function of their own. */
export function rewriteClass(draft: Draft, node: Node): void {
  const name = node.id.name as string
  const plain = !draft.renamed.has(name) && draft.kindOf(name) !== 'var' && !isDecorated(node)
  if (plain) {
    draft.declared.set(name, 'lexical')
    return
  }
  makeInside(draft, node, firstOffset(node))
}

/** Lowered decorators keep their state in variables around the class; two cells must not share them. */
function isDecorated(node: Node): boolean {
  const members = node.body.body as Node[]
  return [node, ...members].some((part) => part.decorators?.length || part.type === 'AccessorProperty')
}

/** Enums: made inside a function, so that a changed enum is a new object instead of a merge with the old one. */
export function rewriteEnum(draft: Draft, node: Node): void {
  makeInside(draft, node, node.start)
}

function makeInside(draft: Draft, node: Node, start: number): void {
  const name = node.id.name as string
  const keyword = draft.bind(name)
  draft.settled.add(node.id)
  draft.text.appendRight(start, `${keyword} ${draft.runtime(name)} = (() => { `)
  draft.text.appendLeft(node.end, ` return ${name} })();`)
}

/** Namespaces may stand at the top level only: made under a name of their own, then bound. */
export function rewriteNamespace(draft: Draft, node: Node): void {
  const root = namespaceRoot(node)
  const name = root.name as string
  const keyword = draft.bind(name)
  const temporary = `__nb$${draft.cell.replace(/\W/g, '_')}$${name}`
  draft.settled.add(root)
  draft.text.update(root.start, root.end, temporary)
  const value = `typeof ${temporary} === 'undefined' ? undefined : ${temporary}`
  draft.text.appendLeft(node.end, `; ${keyword} ${draft.runtime(name)} = ${value};`)
}
