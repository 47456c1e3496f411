/** What the serializer must know of a class's text to travel with its state: pure reading of the syntax tree. */
import type { AnyNode, Class } from 'acorn'
import type { Range } from './edits.js'

export interface ClassShape {
  /** Position just behind the `{` of the body. */
  bodyStart: number
  /** The expression behind `extends`. */
  heritage?: Range
  /** Initializers of static fields and bodies of static blocks: their effect travels as data, so they must not run again. */
  staticValues: { range: Range; block: boolean }[]
  /** Everything in the text that is replaced, so that names in it are not needed. */
  dropped: Range[]
  /** Initializers of instance fields that do more than make a function. */
  fieldValues: Range[]
  /** Names with their `#`. Elements include methods and accessors, which brand an instance just as fields do. */
  privateFields: string[]
  privateElements: number
  privateStaticFields: string[]
  /** Where the constructor's parameters stand (between the parentheses) and where its body begins, if it is written out. */
  constructorAt?: { params: Range; body: number }
}

/** Reads the shape of a class; positions are relative to the text that begins `offset` before the tree's. */
export function shapeOf(node: Class, text: string, offset: number): ClassShape {
  const range = (of: AnyNode): Range => ({ start: of.start - offset, end: of.end - offset })
  const shape: ClassShape = {
    bodyStart: node.body.start - offset + 1,
    staticValues: [],
    dropped: [],
    fieldValues: [],
    privateFields: [],
    privateElements: 0,
    privateStaticFields: [],
  }
  if (node.superClass) {
    shape.heritage = range(node.superClass)
    shape.dropped.push(shape.heritage)
  }
  for (const member of node.body.body) {
    if (member.type === 'StaticBlock') {
      const block = range(member)
      shape.staticValues.push({ range: block, block: true })
      shape.dropped.push(block)
      continue
    }
    const isPrivate = member.key.type === 'PrivateIdentifier'
    if (isPrivate && !member.static) shape.privateElements++
    if (member.type === 'MethodDefinition') {
      if (member.kind === 'constructor') {
        const body = member.value.body.start - offset
        const params = { start: member.value.start - offset + 1, end: text.lastIndexOf(')', body) }
        shape.constructorAt = { params, body: body + 1 }
      }
      continue
    }
    if (isPrivate && member.key.type === 'PrivateIdentifier') {
      ;(member.static ? shape.privateStaticFields : shape.privateFields).push(`#${member.key.name}`)
    }
    if (!member.value) continue
    if (member.static) {
      const value = range(member.value)
      shape.staticValues.push({ range: value, block: false })
      shape.dropped.push(value)
    } else if (!makesFunction(member.value)) shape.fieldValues.push(range(member.value))
  }
  return shape
}

/** Such an initializer has no effect of its own, and wrapping it would cost the function its name. */
function makesFunction(node: AnyNode): boolean {
  return (
    node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression' || node.type === 'ClassExpression'
  )
}
