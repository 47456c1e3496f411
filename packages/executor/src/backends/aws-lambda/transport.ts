/**
 * Carries the SDK's requests (its `requestHandler`). As its own does, over one pool of connections, but without timers for each
 * request; and what went out on a kept connection that the other side was just closing goes out again on another.
 */
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import { isBroken } from './errors.js'

/** A connection has to be there after so long, ms. */
const CONNECT_MS = 30_000

/** A request as the SDK hands it over, signed. */
export interface SignedRequest {
  method: string
  protocol: string
  hostname: string
  port?: number
  path: string
  query?: Record<string, string | string[] | null>
  headers: Record<string, string>
  body?: Uint8Array | string
  /** An answer that is there already: it is only to be read. */
  answer?: Answered
}

export interface Answered {
  statusCode: number
  headers: Record<string, string>
  body: IncomingMessage
}

export interface TransportOptions {
  /** Connections at once. */
  sockets: number
  /** Of them kept while idle. */
  kept: number
  /** A connection on which nothing comes for so long is given up, ms. */
  silence: number
}

export class Transport {
  readonly metadata = { handlerProtocol: 'http/1.1' }
  readonly #http: HttpAgent
  readonly #https: HttpsAgent
  readonly #silence: number

  constructor({ sockets, kept, silence }: TransportOptions) {
    const pool = { keepAlive: true, maxSockets: sockets, maxFreeSockets: kept }
    this.#http = new HttpAgent(pool)
    this.#https = new HttpsAgent(pool)
    this.#silence = silence
  }

  /** The answer's head; its body is still to come. Rejects when the connection breaks, or the signal says to stop. */
  handle(request: SignedRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<{ response: Answered }> {
    if (request.answer) return Promise.resolve({ response: request.answer })
    return new Promise((resolve, reject) => {
      if (abortSignal?.aborted) return reject(stopped())
      const stop = () => under.destroy(stopped())
      abortSignal?.addEventListener('abort', stop)
      const send = (): ClientRequest => {
        let answered = false
        let again = false
        const one = this.#send(request)
        one.on('response', (body) => {
          answered = true
          resolve({ response: { statusCode: body.statusCode!, headers: joined(body.headers), body } })
        })
        one.on('error', (error) => {
          again = one.reusedSocket && !answered && !abortSignal?.aborted && isBroken(error)
          if (again) under = send()
          else reject(error)
        })
        one.on('close', () => {
          if (!again) abortSignal?.removeEventListener('abort', stop)
        })
        return one
      }
      let under = send()
    })
  }

  destroy(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  #send({ method, protocol, hostname, port, path, query, headers, body }: SignedRequest): ClientRequest {
    const secure = protocol === 'https:'
    const request = (secure ? httpsRequest : httpRequest)({
      ...{ method, headers, path: path + queryOf(query), timeout: this.#silence },
      ...{ host: hostname.replace(/^\[(.*)\]$/, '$1'), port, agent: secure ? this.#https : this.#http },
    })
    request.on('timeout', () => request.destroy(late(`nothing came for ${this.#silence / 1000} s`)))
    request.on('socket', (socket) => {
      if (socket.connecting) limitConnecting(socket, secure)
    })
    request.end(body)
    return request
  }
}

function limitConnecting(socket: Socket, secure: boolean): void {
  const timer = setTimeout(() => {
    socket.destroy(late(`no connection after ${CONNECT_MS / 1000} s`))
  }, CONNECT_MS)
  const clear = () => clearTimeout(timer)
  socket.once(secure ? 'secureConnect' : 'connect', clear)
  socket.once('close', clear)
}

function late(message: string): Error {
  return Object.assign(new Error(message), { name: 'TimeoutError' })
}

function stopped(): Error {
  return Object.assign(new Error('the request was stopped'), { name: 'AbortError' })
}

function joined(headers: IncomingMessage['headers']): Record<string, string> {
  const plain: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) plain[name] = Array.isArray(value) ? value.join(', ') : value!
  return plain
}

/** In the form it was signed in. */
function queryOf(query: SignedRequest['query'] = {}): string {
  const parts: string[] = []
  for (const name of Object.keys(query).sort()) {
    const value = query[name]
    const own = value === null || value === undefined ? [''] : Array.isArray(value) ? value : [value]
    for (const one of own) parts.push(`${escaped(name)}=${escaped(one)}`)
  }
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}
