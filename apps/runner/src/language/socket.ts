/** `/api/mayfly/language?path=<notebook>`: the WebSocket between a page and the language service. JSON text both ways. */
import type { WebSocket } from 'ws'
import { RequestSchema } from './messages.js'
import { NotebookLanguage } from './notebook.js'
import type { LanguageService } from './service.js'

const CLOSE_INVALID = 1007

/** Serves one page until its socket closes. */
export function serveLanguage(socket: WebSocket, service: LanguageService, path: string): void {
  const notebook = new NotebookLanguage(service, path, (reply) => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(reply))
  })
  socket.on('message', (data: Buffer) => {
    let json: unknown
    try {
      json = JSON.parse(data.toString())
    } catch {
      socket.close(CLOSE_INVALID, 'E_LANGUAGE_MESSAGE')
      return
    }
    const message = RequestSchema.safeParse(json)
    if (message.success) notebook.receive(message.data)
    else socket.close(CLOSE_INVALID, 'E_LANGUAGE_MESSAGE')
  })
  socket.on('close', () => notebook.close())
}
