/** A real HTTP server that answers as the runner does, for tests. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (req: IncomingMessage, res: ServerResponse, url: URL) => void

export interface FakeRunner {
  url: string
  /** Requests seen, oldest first, as `METHOD path?query`. */
  seen: string[]
  /** Connections that are open now. */
  open: () => number
  close: () => Promise<void>
}

/** Starts one on a free port of the loopback interface. Keys of `answers` are `METHOD /path`. */
export async function startFakeRunner(answers: Record<string, Answer>): Promise<FakeRunner> {
  const seen: string[] = []
  let open = 0
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://localhost')
    seen.push(`${req.method} ${url.pathname}${url.search}`)
    open++
    res.on('close', () => open--)
    const answer = answers[`${req.method} ${url.pathname}`]
    if (answer) return answer(req, res, url)
    sendJson(res, { message: `no ${url.pathname}`, code: 'E_NOT_FOUND', hint: 'look elsewhere', traceback: '' }, 404)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    open: () => open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function sendJson(res: ServerResponse, value: unknown, status = 200): void {
  res.writeHead(status, { 'content-type': 'application/json' })
  res.end(JSON.stringify(value))
}
