/** The calls that manage functions: a table of routes, each with its own version of the API in the path. */
import { conflict, LambdaError, notFound, throttled } from './errors.js'
import type { Fleet } from './fleet.js'
import {
  type AsyncConfig,
  type CreateRequest,
  checkAsync,
  createFunction,
  type Deployed,
  type Settings,
  updateCode,
  updateConfiguration,
} from './functions.js'
import { type LambdaRules, TokenBucket } from './rules.js'

interface Call {
  name: string
  query: URLSearchParams
  body: Record<string, unknown>
}

interface Answer {
  status?: number
  body?: unknown
}

/** Status 200 unless it is said. */
type Route = readonly [method: string, path: RegExp, run: (call: Call) => Answer]

export class ControlPlane {
  readonly functions = new Map<string, Deployed>()
  readonly #rules: LambdaRules
  readonly #calls: TokenBucket
  readonly #gets: TokenBucket
  readonly #routes: readonly Route[]

  /** `root` is the folder for code. */
  constructor(rules: LambdaRules, fleet: Fleet, region: string, root: string) {
    this.#rules = rules
    this.#calls = new TokenBucket(rules.controlPerSecond, rules.controlPerSecond)
    this.#gets = new TokenBucket(rules.getFunctionPerSecond, rules.getFunctionPerSecond)
    const find = (name: string) => this.find(name)
    const update = (change: (deployed: Deployed, body: Record<string, unknown>) => void) => (call: Call) => {
      const deployed = find(call.name)
      change(deployed, call.body)
      // Who runs goes on; whoever comes next starts from the new settings.
      void fleet.stop(call.name)
      return { body: deployed.configuration }
    }
    const setAsync = (start: (deployed: Deployed) => AsyncConfig) => (call: Call) => {
      const deployed = find(call.name)
      const wanted = { ...start(deployed), ...(call.body as AsyncConfig) }
      checkAsync(wanted)
      deployed.async = wanted
      return { body: { FunctionArn: deployed.configuration.FunctionArn, LastModified: Date.now() / 1000, ...wanted } }
    }
    const FUNCTION = '/2015-03-31/functions/([^/]+)'
    const path = (text: string) => new RegExp(`^${text}/?$`)
    const EVENTS = path('/2019-09-25/functions/([^/]+)/event-invoke-config')
    this.#routes = [
      ['POST', path('/2015-03-31/functions'), ({ body }) => this.#create(body as CreateRequest, root, region)],
      ['GET', path('/2015-03-31/functions'), ({ query }) => this.#list(query)],
      ['GET', path(`${FUNCTION}/configuration`), ({ name }) => ({ body: find(name).configuration })],
      [
        'PUT',
        path(`${FUNCTION}/configuration`),
        update((deployed, body) => updateConfiguration(deployed, body as Settings, rules)),
      ],
      [
        'PUT',
        path(`${FUNCTION}/code`),
        update((deployed, body) => updateCode(deployed, String(body.ZipFile ?? ''), root, rules)),
      ],
      [
        'DELETE',
        path(FUNCTION),
        ({ name }) => {
          find(name)
          this.functions.delete(name)
          void fleet.stop(name)
          return { status: 204 }
        },
      ],
      [
        'PUT',
        path('/2017-10-31/functions/([^/]+)/concurrency'),
        ({ name, body }) => {
          find(name).reserved = Number(body.ReservedConcurrentExecutions)
          return { body }
        },
      ],
      [
        'DELETE',
        path('/2017-10-31/functions/([^/]+)/concurrency'),
        ({ name }) => {
          find(name).reserved = undefined
          return { status: 204 }
        },
      ],
      [
        'GET',
        path('/2019-09-30/functions/([^/]+)/concurrency'),
        ({ name }) => ({ body: { ReservedConcurrentExecutions: find(name).reserved } }),
      ],
      ['PUT', EVENTS, setAsync(() => ({}))],
      ['POST', EVENTS, setAsync((deployed) => deployed.async)],
      [
        'GET',
        EVENTS,
        ({ name }) => {
          const { configuration, async } = find(name)
          if (Object.keys(async).length > 0) return { body: { FunctionArn: configuration.FunctionArn, ...async } }
          throw notFound(`The function ${name} doesn't have an EventInvokeConfig`)
        },
      ],
      [
        'DELETE',
        EVENTS,
        ({ name }) => {
          find(name).async = {}
          return { status: 204 }
        },
      ],
      ['GET', path('/2017-03-31/tags/([^/]+)'), ({ name }) => ({ body: { Tags: find(name).tags } })],
      [
        'POST',
        path('/2017-03-31/tags/([^/]+)'),
        ({ name, body }) => {
          Object.assign(find(name).tags, body.Tags)
          return { status: 204 }
        },
      ],
      ['GET', path('/2016-08-19/account-settings'), () => ({ body: this.#account() })],
    ]
  }

  find(name: string): Deployed {
    const found = this.functions.get(name)
    if (found) return found
    throw notFound(`Function not found: ${name}`)
  }

  /** Throws `LambdaError` for what is not there, not allowed, or too much. */
  serve(method: string, url: URL, body: Buffer): Answer {
    const get = method === 'GET' && /^\/2015-03-31\/functions\/([^/]+)$/.exec(url.pathname)
    if (get) {
      if (!this.#gets.take()) throw throttled('CallerRateLimitExceeded')
      const { configuration, tags, reserved } = this.find(functionName(get[1]!))
      const Concurrency = reserved === undefined ? {} : { Concurrency: { ReservedConcurrentExecutions: reserved } }
      const Code = { RepositoryType: 'S3', Location: `${url.origin}/code/${configuration.FunctionName}` }
      return { body: { Configuration: configuration, Tags: tags, Code, ...Concurrency } }
    }
    for (const [wanted, path, run] of this.#routes) {
      const match = wanted === method && path.exec(url.pathname)
      if (!match) continue
      if (!this.#calls.take()) throw throttled('CallerRateLimitExceeded')
      return run({ name: functionName(match[1] ?? ''), query: url.searchParams, body: parsed(body) })
    }
    throw new LambdaError(501, 'ServiceException', `The double has no ${method} ${url.pathname}`)
  }

  #create(wanted: CreateRequest, root: string, region: string): Answer {
    if (this.functions.has(wanted.FunctionName ?? '')) throw conflict(`Function already exist: ${wanted.FunctionName}`)
    const made = createFunction(wanted, root, region, this.#rules)
    this.functions.set(made.configuration.FunctionName, made)
    return { status: 201, body: made.configuration }
  }

  #list(query: URLSearchParams): Answer {
    const names = [...this.functions.keys()].sort()
    const from = Number(query.get('Marker') ?? 0)
    const to = from + Math.min(50, Number(query.get('MaxItems') ?? 50))
    const Functions = names.slice(from, to).map((one) => this.functions.get(one)!.configuration)
    return { body: { Functions, ...(to < names.length ? { NextMarker: String(to) } : {}) } }
  }

  #account() {
    const { concurrency, unpackedBytes, zipBytes } = this.#rules
    const all = [...this.functions.values()]
    const reserved = all.reduce((sum, one) => sum + (one.reserved ?? 0), 0)
    return {
      AccountLimit: {
        ...{ TotalCodeSize: 80_530_636_800, CodeSizeUnzipped: unpackedBytes, CodeSizeZipped: zipBytes },
        ...{ ConcurrentExecutions: concurrency, UnreservedConcurrentExecutions: concurrency - reserved },
      },
      AccountUsage: {
        TotalCodeSize: all.reduce((sum, { configuration }) => sum + configuration.CodeSize, 0),
        FunctionCount: all.length,
      },
    }
  }
}

/** Of a path's segment: a name, or an ARN, whole or without its account. */
export function functionName(segment: string): string {
  return decodeURIComponent(segment)
    .replace(/^(arn:.*|\d{12}):function:/, '')
    .replace(/:\$LATEST$/, '')
}

function parsed(body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {}
  try {
    return JSON.parse(body.toString()) as Record<string, unknown>
  } catch (error) {
    throw new LambdaError(400, 'InvalidRequestContentException', (error as Error).message, { Type: 'User' })
  }
}
