/** WebSocket upgrades: kernel channels, the language service, and the event stream that Jupyter clients subscribe to. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type MayflyError, toErrorValue } from '@mayfly/executor/errors'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Kernels, RunningKernel } from '../kernels.js'
import type { LanguageService } from '../language/service.js'
import { serveLanguage } from '../language/socket.js'
import { notFound, toProblem } from '../problem.js'
import { normalizePath } from '../workspace/paths.js'
import { decodeMessage, type Protocol, V1 } from './codec.js'
import type { Events } from './events.js'

const MAX_FRAME = 256 * 1024 * 1024
/** So often a silent socket is asked whether the other side is still there. */
const HEARTBEAT_MS = 30_000
const CLOSE_INVALID = 1007
const CLOSE_LEAVING = 1001

export class Sockets {
  private readonly server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME,
    handleProtocols: (offered) => (offered.has(V1) ? V1 : false),
  })
  private readonly heartbeat: NodeJS.Timeout

  /** @param check throws what refuses the request: the same checks as over HTTP */
  constructor(
    private readonly kernels: Kernels,
    private readonly events: Events,
    private readonly language: LanguageService,
    private readonly check: (request: IncomingMessage) => void,
  ) {
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS).unref()
  }

  /** Answers an upgrade: with a socket, or with the same errors as over HTTP. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    stream.on('error', () => stream.destroy())
    try {
      this.check(request)
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://runner')
      const kernelId = /^\/api\/kernels\/([^/]+)\/channels$/.exec(pathname)?.[1]
      if (kernelId) {
        const running = this.kernels.get(kernelId)
        const sessionId = searchParams.get('session_id') ?? ''
        this.server.handleUpgrade(request, stream, head, (socket) => connect(alive(socket), running, sessionId))
      } else if (pathname === '/api/mayfly/language') {
        const path = normalizePath(searchParams.get('path') ?? '')
        if (path === '') throw notFound('notebook', path)
        this.server.handleUpgrade(request, stream, head, (socket) => serveLanguage(alive(socket), this.language, path))
      } else if (pathname === '/api/events/subscribe')
        this.server.handleUpgrade(request, stream, head, (socket) => this.events.add(alive(socket)))
      else throw notFound('path', pathname)
    } catch (error) {
      refuse(stream, error)
    }
  }

  close(): void {
    clearInterval(this.heartbeat)
    for (const socket of this.server.clients) socket.close(CLOSE_LEAVING, 'the runner stops')
  }

  private beat(): void {
    for (const socket of this.server.clients as Set<LiveSocket>) {
      if (!socket.heard) socket.terminate()
      socket.heard = false
      if (socket.readyState === socket.OPEN) socket.ping()
    }
  }
}

type LiveSocket = WebSocket & { heard?: boolean }

function alive(socket: LiveSocket): LiveSocket {
  socket.heard = true
  socket.on('pong', () => {
    socket.heard = true
  })
  socket.on('error', () => socket.terminate())
  return socket
}

function connect(socket: LiveSocket, { hub }: RunningKernel, sessionId: string): void {
  const protocol: Protocol = socket.protocol === V1 ? V1 : ''
  const client = hub.client(sessionId)
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    socket.heard = true
    try {
      hub.fromClient(client, decodeMessage(isBinary ? data : data.toString('utf8'), protocol))
    } catch (error) {
      const { code } = toErrorValue(error as MayflyError)
      socket.close(CLOSE_INVALID, code)
    }
  })
  client.attach(socket, protocol)
  socket.on('close', (code: number) => hub.left(client, code))
}

function refuse(stream: Duplex, error: unknown): void {
  const { status, body } = toProblem(error)
  const text = JSON.stringify(body)
  stream.end(
    `HTTP/1.1 ${status} ${body.code}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}
