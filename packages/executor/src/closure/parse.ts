/** From the text of a function, as `toString` gives it, to a syntax tree: the text alone is not always an expression. */
import { type ArrowFunctionExpression, type Class, type Function as FunctionNode, type Program, parse } from 'acorn'
import { MayflyError } from '../errors.js'

/** How the text has to stand in code to mean the function again. */
export type Form = 'arrow' | 'function' | 'class' | 'method' | 'getter' | 'setter' | 'private'

export interface ParsedFunction {
  form: Form
  /** The function or class itself. */
  node: FunctionNode | ArrowFunctionExpression | Class
  /** For methods and accessors: where the key stands (from `[` to `]` when it is computed), relative to the text. */
  key?: { start: number; end: number }
  /** What was put before the text; node positions minus this are positions in the text. */
  offset: number
}

const OPTIONS = {
  ecmaVersion: 'latest',
  sourceType: 'module',
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
} as const

// The function around the text makes `arguments` and `new.target` of an arrow function legal.
const WRAPPINGS = [
  { before: '(function(){return (', after: '\n)})' },
  { before: '(function(){return ({', after: '\n})})' },
  { before: '(function(){return class{', after: '\n}})' },
]

/**
 * Parses the text of one function, class, method or accessor as strict code.
 * Throws `E_CLOSURE_SYNTAX` when the text is not strict-mode JavaScript.
 */
export function parseFunction(text: string): ParsedFunction {
  let fault: unknown
  for (const { before, after } of WRAPPINGS) {
    let program: Program
    try {
      program = parse(before + text + after, OPTIONS)
    } catch (error) {
      // The first reading is the usual one, so its complaint is the one to show unless a later reading gets further.
      if (fault === undefined || position(error) > position(fault)) fault = error
      continue
    }
    const found = pick(program, text, before.length)
    if (found) return found
  }
  throw new MayflyError(
    'E_CLOSURE_SYNTAX',
    `this function is not strict-mode JavaScript (${String((fault as Error)?.message ?? 'unreadable')}): ${excerpt(text)}`,
    {
      hint: 'Functions travel as ES modules, which are always strict: avoid `with`, octal literals and `delete name`.',
    },
  )
}

function position(error: unknown): number {
  return typeof (error as { pos?: unknown })?.pos === 'number' ? (error as { pos: number }).pos : -1
}

function pick(program: Program, text: string, offset: number): ParsedFunction | undefined {
  const [statement] = program.body
  if (program.body.length !== 1 || statement?.type !== 'ExpressionStatement') return undefined
  const outer = statement.expression
  const wrapper = outer.type === 'ParenthesizedExpression' ? outer.expression : outer
  if (wrapper.type !== 'FunctionExpression' || wrapper.body.body.length !== 1) return undefined
  const [returned] = wrapper.body.body
  if (returned?.type !== 'ReturnStatement' || !returned.argument) return undefined
  const value = returned.argument
  switch (value.type) {
    case 'ArrowFunctionExpression':
      return { form: 'arrow', node: value, offset }
    case 'FunctionExpression':
      return { form: 'function', node: value, offset }
    case 'ClassExpression': {
      const member = value.body.body[0]
      if (value.start >= offset) return { form: 'class', node: value, offset }
      if (value.body.body.length !== 1 || member?.type !== 'MethodDefinition') return undefined
      return { form: 'private', node: member.value, offset, key: at(member.key, offset) }
    }
    case 'ObjectExpression': {
      const member = value.properties[0]
      if (value.properties.length !== 1 || member?.type !== 'Property') return undefined
      if (member.value.type !== 'FunctionExpression') return undefined
      const form = member.kind === 'get' ? 'getter' : member.kind === 'set' ? 'setter' : 'method'
      const key = at(member.key, offset)
      if (member.computed) {
        // The brackets belong to the key.
        key.start = text.lastIndexOf('[', key.start)
        key.end = member.value.start - offset
      }
      return { form, node: member.value, offset, key }
    }
    default:
      return undefined
  }
}

function at(node: { start: number; end: number }, offset: number) {
  return { start: node.start - offset, end: node.end - offset }
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}
