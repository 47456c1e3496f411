/** Writes a capture as the text of one ES module whose default export is `($mf) => function`. Pure. */
import { applyEdits, type Edit } from './edits.js'
import { classEdits } from './emit-class.js'
import { type FunctionNode, type ImportNode, merged, type Reference, referenceText, type Variable } from './graph.js'

export interface Emission {
  text: string
  /** Where each function's own text begins: offset in `text`. */
  places: { node: FunctionNode; offset: number }[]
}

export interface Program {
  functions: FunctionNode[]
  variables: Variable[]
  imports: ImportNode[]
  /** Passed to `link`, in the order the data numbers them. */
  references: Reference[]
  /** Roots whose value needs code first. */
  late: (root: number) => boolean
  /** Whether nothing captured can be changed by a call. */
  stateless: boolean
  /** Specifier in the emitted text of a dynamic import with a constant name. */
  specifierOf: (node: FunctionNode, literal: string) => string
}

export function emit(program: Program): Emission {
  const writer = new Writer()
  for (const node of program.imports) writer.line(importLine(node))
  writer.line('export default ($mf) => {')
  const live = program.variables.filter((variable) => !variable.same)
  for (const variable of live) {
    if (variable.defines) continue
    const early = !program.late(variable.root)
    writer.line(early ? `let ${variable.emitted} = $mf.early(${variable.root})` : `let ${variable.emitted}`)
  }
  for (const node of ordered(program.functions)) writeFunction(writer, node, program)
  writer.line(`$mf.link([${program.references.map(referenceText).join(', ')}])`)
  for (const { emitted, root, defines } of live) {
    if (!defines && program.late(root)) writer.line(`${emitted} = $mf.root(${root})`)
  }
  writer.line('return $mf.root(0)')
  writer.line('}')
  // Told to `load`: whether calls can share one copy because there is nothing in it that a call could change.
  writer.line(`export const stateless = ${program.stateless}`)
  return { text: writer.text, places: writer.places }
}

class Writer {
  text = ''
  readonly places: Emission['places'] = []

  line(content: string): void {
    this.text += `${content}\n`
  }

  /** A line that holds a function's own text, which may itself have many lines. */
  define(before: string, node: FunctionNode, own: string, after: string): void {
    this.places.push({ node, offset: this.text.length + before.length })
    this.line(before + own + after)
  }
}

function importLine({ specifier, imported, local }: ImportNode): string {
  const from = JSON.stringify(specifier)
  if (imported === '*') return `import * as ${local} from ${from}`
  if (imported === 'default') return `import ${local} from ${from}`
  const name = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(imported) ? imported : JSON.stringify(imported)
  return `import { ${name === local ? name : `${name} as ${local}`} } from ${from}`
}

/** Functions first, since classes may call them for computed keys; a class after the one it extends. */
function ordered(functions: FunctionNode[]): FunctionNode[] {
  const result: FunctionNode[] = functions.filter((node) => node.analysis.form !== 'class')
  const done = new Set<FunctionNode>()
  const add = (node: FunctionNode): void => {
    if (done.has(node)) return
    done.add(node)
    if (node.parent?.kind === 'function' && node.parent.node.analysis.form === 'class') add(node.parent.node)
    result.push(node)
  }
  for (const node of functions) if (node.analysis.form === 'class') add(node)
  return result
}

function writeFunction(writer: Writer, node: FunctionNode, program: Program): void {
  const own = applyEdits(node.analysis.text, editsOf(node, program))
  const { variable, given } = node
  const emitted = variable ? merged(variable).emitted : node.emitted
  const { before, after } = frame(node, emitted)
  if (!given) {
    writer.define(`let ${emitted} = ${before}`, node, own, after)
    return
  }
  if (given.kind === 'this') {
    writer.define(`const ${emitted} = function () { return ${before}`, node, own, `${after} }`)
    return
  }
  writer.define(`const ${emitted} = (home) => ${before.replace('({', '({ __proto__: home,')}`, node, own, after)
}

/** What has to stand around the text so that it is an expression that keeps the function's name. */
function frame(node: FunctionNode, emitted: string): { before: string; after: string } {
  const { form, text, key } = node.analysis
  const name = JSON.stringify(node.name)
  switch (form) {
    case 'getter':
    case 'setter': {
      const access = form === 'getter' ? 'get' : 'set'
      return { before: 'Object.getOwnPropertyDescriptor({', after: `}, ${memberName(node)}).${access}` }
    }
    case 'method':
    case 'private':
      return { before: '({', after: `})[${memberName(node)}]` }
    default: {
      const own = key === undefined && /^(?:async\s+)?(?:function\b\s*\*?|class\b)\s*([\p{ID_Start}$_])/u.test(text)
      const named = own && !/^class\s+extends\b/.test(text)
      if (named || (emitted === node.name && !node.given)) return { before: '', after: '' }
      if (node.name === '') return { before: '(0, ', after: ')' }
      return { before: `({ [${name}]: `, after: ` })[${name}]` }
    }
  }
}

/** The key a method or accessor gets in its one-member object: its name, so that the function keeps it. */
function memberName(node: FunctionNode): string {
  return JSON.stringify(node.name.replace(/^(?:get|set) /, ''))
}

function editsOf(node: FunctionNode, program: Program): Edit[] {
  const { analysis } = node
  const edits: Edit[] = []
  for (const { name, start, end, shorthand } of analysis.mentions) {
    const target = node.names.get(name)
    if (!target) continue
    const text = target.kind === 'variable' ? merged(target.variable).emitted : detached(target.reference)
    if (text === name) continue
    edits.push({ start, end, text: shorthand ? `${name}: ${text}` : text })
  }
  if (analysis.key) edits.push({ ...analysis.key, text: `[${memberName(node)}]` })
  for (const { callee, argument, literal } of analysis.imports) {
    if (literal !== undefined) {
      edits.push({ ...callee, text: 'import' })
      edits.push({ ...argument, text: JSON.stringify(program.specifierOf(node, literal)) })
    } else {
      edits.push({ ...callee, text: '$mf.import' })
      edits.push({ start: argument.start, end: argument.start, text: `${JSON.stringify(node.base)}, ` })
    }
  }
  for (const range of analysis.metas) edits.push({ ...range, text: `$mf.meta(${JSON.stringify(node.base)})` })
  if (analysis.shape) edits.push(...classEdits(node, analysis.shape))
  return edits
}

/** A called member of a module must not get the module as its `this`. */
function detached(reference: Reference): string {
  const text = referenceText(reference)
  return /^[\p{ID_Continue}$]+$/u.test(text) ? text : `(0, ${text})`
}
