/**
 * What only the debugger knows of a value: the scopes a function closes over, the target of a bound function, private
 * fields, and the script a function was written in. One in-process inspector session, used synchronously.
 */
import { Session } from 'node:inspector'

/** One scope of a function, inner to outer. `values` is a copy made now. */
export interface ScopeView {
  kind: 'inner' | 'module' | 'script' | 'global'
  /** As the debugger names it, for example `Closure (makeCounter)`. */
  title: string
  values: Record<string, unknown>
}

export interface FunctionView {
  scopes: ScopeView[]
  scriptId?: string
  /** From 0. */
  line: number
  column: number
  bound?: { target: unknown; self: unknown; args: unknown[] }
}

interface Remote {
  objectId?: string
  value?: unknown
}
interface Slot {
  name: string
  value?: Remote
}
interface Properties {
  internalProperties?: Slot[]
  privateProperties?: (Slot & { get?: Remote; set?: Remote })[]
}

const GROUP = 'mayfly-closure'
// Values cross between this module and the debugger's evaluations through this slot of the global object.
const HANDOVER = Symbol.for('mayfly.closure.handover')
const holder = globalThis as unknown as Record<symbol, { out?: unknown; in?: unknown } | undefined>

let session: Session | undefined

function connected(): Session {
  if (!session) {
    session = new Session()
    session.connect()
  }
  return session
}

function post(method: string, params: Record<string, unknown>): unknown {
  let fault: Error | null = null
  let answer: unknown
  // An in-process session answers before `post` returns.
  connected().post(method, params, (error: Error | null, result?: unknown) => {
    fault = error
    answer = result
  })
  if (fault) throw fault
  return answer
}

/** Runs `use` with the debugger's handle of `value`; every handle made meanwhile is given back. */
function withHandle<T>(value: unknown, use: (objectId: string) => T): T {
  holder[HANDOVER] = { out: value }
  try {
    const { result } = post('Runtime.evaluate', {
      expression: "globalThis[Symbol.for('mayfly.closure.handover')].out",
      objectGroup: GROUP,
    }) as { result: Remote }
    return use(result.objectId as string)
  } finally {
    delete holder[HANDOVER]
    post('Runtime.releaseObjectGroup', { objectGroup: GROUP })
  }
}

function properties(objectId: string): Properties {
  return post('Runtime.getProperties', { objectId, ownProperties: true, accessorPropertiesOnly: false }) as Properties
}

/** The value behind a handle. */
function behind(remote: Remote | undefined, pick = 'this'): unknown {
  if (!remote?.objectId) return primitive(remote)
  post('Runtime.callFunctionOn', {
    objectId: remote.objectId,
    functionDeclaration: `function () { globalThis[Symbol.for('mayfly.closure.handover')].in = ${pick} }`,
  })
  return holder[HANDOVER]?.in
}

function primitive(remote: (Remote & { unserializableValue?: string }) | undefined): unknown {
  const special = remote?.unserializableValue
  if (special === undefined) return remote?.value
  return special.endsWith('n') ? BigInt(special.slice(0, -1)) : Number(special)
}

/** Scopes, place and, for a bound function, what it is bound to. Takes about 0.1 ms. */
export function inspectFunction(fn: unknown): FunctionView {
  return withHandle(fn, (objectId) => {
    const slots = properties(objectId).internalProperties ?? []
    const slot = (name: string) => slots.find((each) => each.name === name)?.value
    const place = slot('[[FunctionLocation]]')?.value as { scriptId: string; lineNumber: number; columnNumber: number }
    const scopes = slot('[[Scopes]]')
    const target = slot('[[TargetFunction]]')
    return {
      scopes: scopes ? scopeViews(behind(scopes, 'Array.from(this)')) : [],
      ...(place ? { scriptId: place.scriptId } : {}),
      line: place?.lineNumber ?? 0,
      column: place?.columnNumber ?? 0,
      ...(target
        ? {
            bound: {
              target: behind(target),
              self: behind(slot('[[BoundThis]]')),
              args: behind(slot('[[BoundArgs]]'), 'Array.from(this)') as unknown[],
            },
          }
        : {}),
    }
  })
}

function scopeViews(entries: unknown): ScopeView[] {
  return (entries as { description: string; object: Record<string, unknown> }[]).map(({ description, object }) => ({
    kind:
      description === 'Global'
        ? 'global'
        : description === 'Script'
          ? 'script'
          : description === 'Module'
            ? 'module'
            : 'inner',
    title: description,
    values: object,
  }))
}

/**
 * Values of the private fields of an object or class, base class first, in order of declaration. A name that two classes
 * of one hierarchy use stands twice.
 */
export function privateFields(target: object): { name: string; value: unknown }[] {
  return withHandle(target, (objectId) =>
    (properties(objectId).privateProperties ?? [])
      .filter((field) => field.value !== undefined)
      .map(({ name, value }) => ({ name, value: behind(value) })),
  )
}

const scripts = new Map<string, string>()

/**
 * URL of a script by its id, or undefined. The first question about a new script makes the debugger list all of them
 * (2 to 20 ms), so ask only when the answer matters.
 */
export function scriptUrl(scriptId: string | undefined): string | undefined {
  if (scriptId === undefined) return undefined
  if (!scripts.has(scriptId)) {
    withScripts(() => {})
    if (!scripts.has(scriptId)) scripts.set(scriptId, '')
  }
  return scripts.get(scriptId) || undefined
}

/** Text of a script by its id; as slow as `scriptUrl`. */
export function scriptSource(scriptId: string): string {
  return withScripts(() => (post('Debugger.getScriptSource', { scriptId }) as { scriptSource: string }).scriptSource)
}

/** Runs `ask` while the debugger knows the scripts. It is on only for that moment: `debugger` statements would halt us. */
function withScripts<T>(ask: () => T): T {
  const learn = ({ params }: { params: { scriptId: string; url: string } }) => {
    scripts.set(params.scriptId, params.url)
  }
  connected().on('Debugger.scriptParsed', learn)
  try {
    post('Debugger.enable', {})
    return ask()
  } finally {
    post('Debugger.disable', {})
    connected().off('Debugger.scriptParsed', learn)
  }
}
