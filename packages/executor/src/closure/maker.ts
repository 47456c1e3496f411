/** Whose `this` an arrow function sees: finds what is written around a place in a script. Pure. */
import { type AnyNode, type Program, parse } from 'acorn'

/** The nearest thing around a place that has a `this` of its own; `text` is that of its class. */
export type Maker = 'top' | { kind: 'function' } | { kind: 'static' } | { kind: 'instance'; text: string }

/**
 * @param source text of the script
 * @param line of the place, from 0
 * @param column of the place, from 0
 * @returns undefined when the script cannot be parsed
 */
export function makerOf(source: string, line: number, column: number): Maker | undefined {
  const tree = parseScript(source)
  if (!tree) return undefined
  let offset = column
  for (let at = 0, rest = line; rest > 0; rest--) {
    const next = source.indexOf('\n', at) + 1
    offset += next - at
    at = next
  }
  return search(tree, source, offset, 'top', undefined)
}

function parseScript(source: string): Program | undefined {
  for (const sourceType of ['module', 'script'] as const) {
    try {
      return parse(source, {
        ecmaVersion: 'latest',
        sourceType,
        allowAwaitOutsideFunction: true,
        allowReturnOutsideFunction: true,
        allowHashBang: true,
      })
    } catch {
      // Another reading may fit.
    }
  }
  return undefined
}

function search(node: AnyNode, source: string, offset: number, maker: Maker, owner: AnyNode | undefined): Maker {
  let inner = maker
  let around = owner
  const instance = (): Maker => ({ kind: 'instance', text: around ? source.slice(around.start, around.end) : '' })
  if (node.type === 'ClassExpression' || node.type === 'ClassDeclaration') around = node
  for (const child of childrenOf(node)) {
    if (offset < child.start || offset >= child.end) continue
    if (node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression') inner = { kind: 'function' }
    else if (node.type === 'StaticBlock') inner = { kind: 'static' }
    else if (node.type === 'PropertyDefinition' && child === node.value) {
      inner = node.static ? { kind: 'static' } : instance()
    } else if (node.type === 'MethodDefinition' && child === node.value && node.kind === 'constructor') {
      return searchBody(child, source, offset, instance(), around)
    }
    return search(child, source, offset, inner, around)
  }
  return inner
}

/** As `search`, for a function whose `this` is already known. */
function searchBody(fn: AnyNode, source: string, offset: number, maker: Maker, owner: AnyNode | undefined): Maker {
  for (const child of childrenOf(fn)) {
    if (offset >= child.start && offset < child.end) return search(child, source, offset, maker, owner)
  }
  return maker
}

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.values(node)
    .flat()
    .filter((value): value is AnyNode => typeof (value as AnyNode | null)?.type === 'string')
}
