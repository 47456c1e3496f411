/**
 * What is changed in the text of a class so that it can be defined again without its effects, and so that instances get
 * their #private state back.
 */
import type { ClassShape } from './class-shape.js'
import type { Edit } from './edits.js'
import { type FunctionNode, referenceText } from './graph.js'

/** Edits of one class. Static initializers are dropped: the values they led to travel as data. */
export function classEdits(node: FunctionNode, shape: ClassShape): Edit[] {
  const edits: Edit[] = []
  if (shape.heritage && node.parent) edits.push({ ...shape.heritage, text: referenceText(node.parent) })
  for (const { range, block } of shape.staticValues) {
    edits.push({ ...range, text: block ? 'static {}' : 'undefined' })
  }
  const setters: string[] = []
  if (node.revived) {
    edits.push(...revival(shape))
    setters.push(...shape.privateFields.map(setter))
  }
  setters.push(...shape.privateStaticFields.map(setter))
  if (setters.length > 0 || node.revived) {
    const text = ` static { $mf.own(this, (o, v) => { ${setters.join('; ')} }) }`
    edits.push({ start: shape.bodyStart, end: shape.bodyStart, text })
  }
  return edits
}

function setter(name: string): string {
  return `if (${JSON.stringify(name)} in v) o.${name} = v[${JSON.stringify(name)}]`
}

/** While `$mf.reviving` is set, constructing the class does nothing but give the object its members. */
function revival(shape: ClassShape): Edit[] {
  const edits: Edit[] = []
  for (const range of shape.fieldValues) {
    edits.push({ start: range.start, end: range.start, text: '$mf.reviving ? undefined : (' })
    edits.push({ start: range.end, end: range.end, text: ')' })
  }
  if (shape.constructorAt) {
    const { params, body } = shape.constructorAt
    // The parameters become a destructuring, because destructuring nothing would fail before the body could leave.
    const leave = `if ($mf.reviving) { ${shape.heritage ? 'super(); ' : ''}return }`
    edits.push({ start: params.start, end: params.start, text: `...$mfargs) { ${leave} var [` })
    edits.push({ start: params.end, end: body, text: '] = $mfargs;' })
  }
  return edits
}
