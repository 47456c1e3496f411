/** Static imports and exports of a cell, as code that a script may hold. */
import type { Node } from './ast.js'
import type { Draft } from './draft.js'

/**
 * `import d, { a as b } from 's'` becomes `let { default: d, a: b } = await __nb.import('s', …)`, moved to the top as imports are.
 * `used` are the local names the cell uses as values: those must exist in the module, the others may be types.
 */
export function rewriteImport(draft: Draft, node: Node, used: ReadonlySet<string>): void {
  const specifier = node.source.value as string
  const items = (node.specifiers as Node[]).filter((item) => item.importKind !== 'type')
  if (node.importKind === 'type' || (items.length === 0 && node.specifiers.length > 0)) {
    draft.text.update(node.start, node.end, ';')
    return
  }
  const entries = items.map((item) => ({ local: item.local.name as string, imported: importedName(item) }))
  const wanted = entries.filter(({ imported }) => imported !== '*').map((e) => [e.imported, used.has(e.local)])
  const args = [JSON.stringify(specifier)]
  const options = attributes(node)
  if (options || wanted.length) args.push(options || 'undefined')
  if (wanted.length) args.push(JSON.stringify(Object.fromEntries(wanted)))
  const load = `await __nb.wait(__nb.import(${args.join(', ')}))`
  const code = bindEntries(draft, entries, load)
  for (const { local, imported } of entries) draft.imports[draft.runtime(local)] = { specifier, imported }
  draft.text.update(node.start, node.end, code)
  draft.moveUp(node.start, node.end)
}

/** `import x = require('s')` and `import A = N.B`. */
export function rewriteImportEquals(draft: Draft, node: Node): void {
  const name = node.id.name as string
  const keyword = draft.bind(name)
  const reference = node.moduleReference as Node
  const external = reference.type === 'TSExternalModuleReference'
  const value = external
    ? `require(${JSON.stringify(reference.expression.value)})`
    : draft.source.slice(reference.start, reference.end)
  if (external) draft.imports[draft.runtime(name)] = { specifier: reference.expression.value, imported: 'default' }
  draft.text.update(node.start, node.end, `${keyword} ${draft.runtime(name)} = ${value};`)
}

/** Drops the `export` of a statement; what re-exports only loads its module. True when a declaration remains to be treated. */
export function rewriteExport(draft: Draft, node: Node): boolean {
  const { text } = draft
  const declaration = node.declaration as Node | null | undefined
  if (node.type === 'TSExportAssignment') {
    text.update(node.start, node.expression.start, ';')
    return false
  }
  if (node.source && node.exportKind !== 'type') {
    text.update(node.start, node.end, `await __nb.wait(__nb.import(${JSON.stringify(node.source.value)}));`)
    draft.moveUp(node.start, node.end)
    return false
  }
  if (!declaration) {
    text.update(node.start, node.end, ';')
    return false
  }
  const start = firstOffset(declaration, node.start)
  // Without the keyword a value could go on the line before.
  text.update(node.start, start, declaration.id ? '' : ';')
  if (node.type === 'ExportNamedDeclaration' || declaration.id) return true
  // `export default <value>` has no name in a notebook: it is an expression like any other.
  if (/^(Function|Class)Declaration$/.test(declaration.type)) {
    text.appendRight(start, '(').appendLeft(declaration.end, ')')
  }
  return false
}

/** Where a declaration begins, decorators behind `from` included. */
export function firstOffset(node: Node, from = 0): number {
  const decorators = (node.decorators ?? []) as Node[]
  return Math.min(node.start, ...decorators.map((decorator) => decorator.start).filter((start) => start >= from))
}

function importedName(item: Node): string {
  if (item.type === 'ImportDefaultSpecifier') return 'default'
  if (item.type === 'ImportNamespaceSpecifier') return '*'
  return item.imported.name ?? item.imported.value
}

function attributes(node: Node): string {
  const pairs = (node.attributes ?? []) as Node[]
  if (pairs.length === 0) return ''
  const body = pairs.map(({ key, value }) => `${JSON.stringify(key.name ?? key.value)}: ${JSON.stringify(value.value)}`)
  return `{ with: { ${body.join(', ')} } }`
}

function bindEntries(draft: Draft, entries: { local: string; imported: string }[], load: string): string {
  if (entries.length === 0) return `${load};`
  const keywords = entries.map(({ local }) => draft.bind(local))
  const [entry] = entries
  if (entries.length === 1 && entry!.imported === '*') return `${keywords[0]} ${draft.runtime(entry!.local)} = ${load};`
  const keyword = keywords.every((word) => word === keywords[0]) ? `${keywords[0]} ` : ''
  if (!keyword) {
    entries.forEach(({ local }, i) => {
      draft.hoist(`${keywords[i]} ${draft.runtime(local)}; `)
    })
  }
  const star = entries.find(({ imported }) => imported === '*')
  const members = entries
    .filter((e) => e !== star)
    .map(({ local, imported }) => {
      const target = draft.runtime(local)
      return imported === target ? target : `${JSON.stringify(imported)}: ${target}`
    })
  const pattern = `{ ${members.join(', ')} }`
  if (!star) return keyword ? `${keyword}${pattern} = ${load};` : `void (${pattern} = ${load});`
  const whole = draft.runtime(star.local)
  return keyword
    ? `${keyword}${whole} = ${load}, ${pattern} = ${whole};`
    : `${whole} = ${load}; void (${pattern} = ${whole});`
}
