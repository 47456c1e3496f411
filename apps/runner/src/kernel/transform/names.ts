/** What the notebook knows of its top-level names, and what one cell declares. */
import { boundIdentifiers, isErased, type Node } from './ast.js'
import { CellSyntaxError } from './errors.js'

/** How V8 holds a script-level name: `let`/`const`/`class` are lexical; `var` and `function` are properties of the global. */
export type Kind = 'lexical' | 'var'

/** Names of the cells that ran before, and of the runtime itself. */
export interface NotebookNames {
  /** Runtime name → how it is held. */
  readonly kinds: ReadonlyMap<string, Kind>
  /** Names the user declared although the runtime has them: `URL` lives as `__nb$URL`. */
  readonly renamed: ReadonlySet<string>
  /** Names the runtime had before the first cell. */
  readonly globals: ReadonlySet<string>
}

/** The name a renamed global goes by at run time. */
export const renameOf = (name: string): string => `__nb$${name}`

/** One declaration of a name at the top level of a cell. */
export interface Declaration {
  name: string
  node: Node
  form: 'variable' | 'var' | 'function' | 'class' | 'enum' | 'namespace' | 'import'
}

/** The declaration inside an `export`, or the statement itself. */
export function unwrapExport(statement: Node): Node {
  const exported = statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
  return exported && statement.declaration ? statement.declaration : statement
}

/** The leftmost identifier of a namespace's name: `A` of `namespace A.B`. */
export function namespaceRoot(node: Node): Node {
  let id = node.id as Node
  while (id.type === 'TSQualifiedName') id = id.left
  return id
}

/**
 * Lists what the statements of a cell declare at the top level (types excepted).
 * @throws CellSyntaxError when one cell declares a name twice where JavaScript forbids it.
 */
export function listDeclarations(program: Node): Declaration[] {
  const found: Declaration[] = []
  const add = (node: Node, form: Declaration['form']) => found.push({ name: node.name, node, form })
  for (const statement of program.body as Node[]) {
    const node = unwrapExport(statement)
    if (isErased(node)) continue
    switch (node.type) {
      case 'ImportDeclaration':
        if (node.importKind === 'type') break
        for (const item of node.specifiers) if (item.importKind !== 'type') add(item.local, 'import')
        break
      case 'TSImportEqualsDeclaration':
        if (node.importKind !== 'type') add(node.id, 'import')
        break
      case 'VariableDeclaration':
        for (const { id } of node.declarations) {
          for (const identifier of boundIdentifiers(id)) add(identifier, node.kind === 'var' ? 'var' : 'variable')
        }
        break
      case 'FunctionDeclaration':
        if (node.id) add(node.id, 'function')
        break
      case 'ClassDeclaration':
        if (node.id) add(node.id, 'class')
        break
      case 'TSEnumDeclaration':
        add(node.id, 'enum')
        break
      case 'TSModuleDeclaration':
        if (namespaceRoot(node).type === 'Identifier') add(namespaceRoot(node), 'namespace')
        break
    }
  }
  rejectDuplicates(found)
  return found
}

const OPEN_TO_MERGE = new Set(['enum', 'namespace', 'function', 'class'])

function rejectDuplicates(declarations: Declaration[]): void {
  const first = new Map<string, Declaration>()
  for (const declaration of declarations) {
    const earlier = first.get(declaration.name)
    if (!earlier) {
      first.set(declaration.name, declaration)
      continue
    }
    const forms = [earlier.form, declaration.form]
    const bothVarLike = forms.every((form) => form === 'var' || form === 'function')
    const merges =
      forms.every((form) => OPEN_TO_MERGE.has(form)) && forms.some((form) => form === 'enum' || form === 'namespace')
    if (!bothVarLike && !merges) {
      throw new CellSyntaxError(`Identifier '${declaration.name}' has already been declared`, declaration.node.start)
    }
  }
}
