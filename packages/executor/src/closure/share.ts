/**
 * Two functions made in one scope share its variables; the debugger shows each a copy. Where it matters, that is where one
 * of them writes, scopes that look the same are taken for the same.
 */
import { type FunctionNode, merged, type Variable } from './graph.js'

/** One inner scope as one function sees it. */
export interface ScopeUse {
  node: FunctionNode
  title: string
  values: Record<string, unknown>
  variables: Map<string, Variable>
}

/**
 * Merges the variables of scopes that must be one. Equal names and identical values are required; and since two calls of
 * one factory can look alike too, no function may stand twice in a group: the same place in the text twice means two scopes.
 */
export function mergeSharedScopes(uses: ScopeUse[]): void {
  const groups = new Map<string, ScopeUse[]>()
  const ids = new Map<unknown, number>()
  const id = (value: unknown): string => {
    const known = (typeof value === 'object' && value !== null) || typeof value === 'function'
    if (!known) return `${typeof value}:${Object.is(value, -0) ? '-0' : String(value)}`
    if (!ids.has(value)) ids.set(value, ids.size)
    return `#${ids.get(value)}`
  }
  for (const use of uses) {
    const { scriptId } = use.node.view()
    const values = Object.keys(use.values).map((name) => `${JSON.stringify(name)}=${id(use.values[name])}`)
    const key = `${scriptId} ${use.title} ${values.sort().join(' ')}`
    const group = groups.get(key)
    if (group) group.push(use)
    else groups.set(key, [use])
  }
  for (const group of groups.values()) {
    if (group.length < 2 || !writes(group)) continue
    if (differ(group) || holdsItself(group)) unite(group)
    else for (const found of byHolder(group)) if (differ(found)) unite(found)
  }
}

function differ(group: ScopeUse[]): boolean {
  return new Set(group.map(({ node }) => `${node.view().line}:${node.view().column}`)).size === group.length
}

/** Functions found side by side on one object were most likely made by one call. */
function byHolder(group: ScopeUse[]): ScopeUse[][] {
  const holders = new Map<object, ScopeUse[]>()
  for (const use of group) {
    const { holder } = use.node
    if (!holder) continue
    const found = holders.get(holder)
    if (found) found.push(use)
    else holders.set(holder, [use])
  }
  return [...holders.values()]
}

function writes(group: ScopeUse[]): boolean {
  return group.some(({ node, variables }) => [...variables.keys()].some((name) => node.analysis.written.has(name)))
}

/** A scope with a function in it that was itself made there is unique. */
function holdsItself(group: ScopeUse[]): boolean {
  const made = new Set<unknown>(group.map(({ node }) => node.value))
  return Object.values(group[0]!.values).some((value) => made.has(value))
}

function unite(group: ScopeUse[]): void {
  const first = new Map<string, Variable>()
  for (const { variables } of group) {
    for (const [name, variable] of variables) {
      const known = first.get(name)
      if (!known) first.set(name, merged(variable))
      else if (known !== merged(variable)) merged(variable).same = known
    }
  }
}
