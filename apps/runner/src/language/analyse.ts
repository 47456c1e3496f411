/** What one cell declares and mentions, as far as the language service needs to know. Pure. */
import { parseSync } from 'oxc-parser'
import { boundIdentifiers, eachChild, hoistedVars, type Node } from '../kernel/transform/ast.js'
import { namespaceRoot, unwrapExport } from '../kernel/transform/names.js'

/** How a name was written; `type` stands for interfaces and aliases, which leave no value. */
export type Form = 'const' | 'let' | 'var' | 'function' | 'class' | 'enum' | 'namespace' | 'import' | 'type'

export interface CellNames {
  /** Names declared at the top level. A name that is both a value and a type has the value's form. */
  readonly declared: ReadonlyMap<string, Form>
  /** Those of `declared` that are a type and a variable too: they can only be imported. */
  readonly merged: ReadonlySet<string>
  /** Names the cell exports itself, by the exported name. */
  readonly exported: ReadonlySet<string>
  /** Every identifier in the text, those in comments and strings too. */
  readonly mentioned: ReadonlySet<string>
  /** False when the cell does not parse; the names are then a guess. */
  readonly parsed: boolean
}

/**
 * Reads one cell.
 * @param before What the cell said when it was read last: while it does not parse, its names stay as far as they are mentioned.
 */
export function analyse(source: string, before?: CellNames): CellNames {
  const mentioned = new Set(source.match(IDENTIFIER))
  const found = parse(source)
  if (found) return { ...found, mentioned, parsed: true }
  const declared = new Map<string, Form>()
  for (const [name, form] of before?.declared ?? []) if (mentioned.has(name)) declared.set(name, form)
  for (const match of source.matchAll(DECLARATION)) declared.set(match[4]!, FORMS[match[3]!]!)
  const exported = new Set([...source.matchAll(DECLARATION)].filter((match) => match[1]).map((match) => match[4]!))
  return { declared, merged: before?.merged ?? new Set(), exported, mentioned, parsed: false }
}

const IDENTIFIER = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/gu

/** A declaration at the start of a line, for cells that do not parse; too many names do no harm. */
const DECLARATION =
  /^(export\s+)?(declare\s+|abstract\s+|async\s+)*(const enum|const|let|var|function\*?|class|enum|namespace|interface|type|using|await using)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gmu

const FORMS: Record<string, Form> = {
  const: 'const',
  let: 'let',
  var: 'var',
  using: 'const',
  'await using': 'const',
  function: 'function',
  'function*': 'function',
  class: 'class',
  enum: 'enum',
  'const enum': 'enum',
  namespace: 'namespace',
  interface: 'type',
  type: 'type',
}

function parse(source: string): Pick<CellNames, 'declared' | 'merged' | 'exported'> | undefined {
  const { errors, program } = parseSync('cell.ts', source, { lang: 'ts', sourceType: 'module' })
  if (errors.some(({ severity }) => severity === 'Error')) return undefined
  const declared = new Map<string, Form>()
  const merged = new Set<string>()
  const exported = new Set<string>()
  const add = (name: string, form: Form) => {
    const known = declared.get(name)
    if (known && known !== form && (known === 'type' || form === 'type')) merged.add(name)
    if (!known || known === 'type') declared.set(name, form)
  }
  const body = (program as unknown as Node).body as Node[]
  for (const statement of body) {
    const node = unwrapExport(statement)
    const names = namesOf(node)
    for (const [name, form] of names) add(name, form)
    if (statement.type !== 'ExportNamedDeclaration') continue
    if (node !== statement) for (const [name] of names) exported.add(name)
    for (const { exported: as } of statement.specifiers) exported.add(as.name ?? as.value)
  }
  // A `var` in a block belongs to the top level; V8 agrees. Most cells have none and need not be searched.
  for (const statement of /\bvar\b/.test(source) ? body : []) {
    hoistedVars(unwrapExport(statement), (declaration) => {
      for (const { id } of declaration.declarations) for (const { name } of boundIdentifiers(id)) add(name, 'var')
    })
  }
  return { declared, merged, exported }
}

function namesOf(node: Node): [string, Form][] {
  switch (node.type) {
    case 'ImportDeclaration':
      return (node.specifiers as Node[]).map(({ local }) => [local.name, 'import'])
    case 'TSImportEqualsDeclaration':
      return [[node.id.name, 'import']]
    case 'VariableDeclaration': {
      const form: Form = node.kind === 'var' || node.kind === 'let' ? node.kind : 'const'
      return (node.declarations as Node[]).flatMap(({ id }) => boundIdentifiers(id)).map(({ name }) => [name, form])
    }
    case 'FunctionDeclaration':
    case 'TSDeclareFunction':
      return node.id ? [[node.id.name, 'function']] : []
    case 'ClassDeclaration':
      return node.id ? [[node.id.name, 'class']] : []
    case 'TSEnumDeclaration':
      return [[node.id.name, 'enum']]
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return [[node.id.name, 'type']]
    case 'TSModuleDeclaration': {
      const root = namespaceRoot(node)
      if (root.type !== 'Identifier' || node.kind === 'global' || root.name === 'global') return []
      return [[root.name, holdsValues(node) ? 'namespace' : 'type']]
    }
    default:
      return []
  }
}

/** True when something in a namespace runs; one of types alone leaves no value. */
function holdsValues(node: Node): boolean {
  let found = false
  eachChild(node, (child) => {
    const inner = child.type === 'TSModuleBlock' ? (child.body as Node[]).map(unwrapExport) : [child]
    for (const statement of inner) {
      if (statement.type === 'TSInterfaceDeclaration' || statement.type === 'TSTypeAliasDeclaration') continue
      if (statement.type === 'Identifier' || statement.type === 'TSQualifiedName') continue
      if (statement.type !== 'TSModuleDeclaration' || holdsValues(statement)) found = true
    }
  })
  return found
}
