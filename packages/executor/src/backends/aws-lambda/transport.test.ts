/** Requests over kept connections, against a server that does with them what servers do. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Answered, Transport } from './transport.js'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, socket: Socket) => void,
  silence = 60_000,
) {
  const server = createServer((request, response) => answer(request, response, request.socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const transport = new Transport({ sockets: 2, kept: 2, silence })
  closing.push(() => {
    transport.destroy()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const request = { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', port, path: '/', headers: {}, body: 'x' }
  return { transport, request }
}

async function textOf({ body }: Answered): Promise<string> {
  let text = ''
  for await (const piece of body) text += String(piece)
  return text
}

describe('a kept connection', () => {
  it('is used again, and what it is closed under goes out on another', async () => {
    const sockets = new Map<Socket, number>()
    const { transport, request } = await serve((_request, response, socket) => {
      const times = (sockets.get(socket) ?? 0) + 1
      sockets.set(socket, times)
      // As if it had been closed just when the third came.
      if (times === 3) socket.destroy()
      else response.end(`${times}`)
    })
    const answers: string[] = []
    for (let i = 0; i < 4; i++) answers.push(await textOf((await transport.handle(request)).response))
    expect(answers).toEqual(['1', '2', '1', '2'])
  })

  it('that breaks within an answer is an error, and so is a new one that breaks', async () => {
    let times = 0
    let kept: Socket | undefined
    const { transport, request } = await serve((_request, response, socket) => {
      kept = socket
      if (++times !== 2) return void response.end('whole')
      response.write('half')
    })
    await textOf((await transport.handle(request)).response)
    const { response } = await transport.handle(request)
    kept!.destroy()
    await expect(textOf(response)).rejects.toThrow('aborted')
    expect(times).toBe(2)
    const refusing = await serve((_request, _response, socket) => void socket.destroy())
    await expect(refusing.transport.handle(refusing.request)).rejects.toThrow('socket hang up')
  })
})

describe('a request', () => {
  it('ends when it is stopped, before and after the head of its answer', async () => {
    const { transport, request } = await serve((_request, response, _socket) => {
      if (_request.url === '/slow') response.write('some')
    })
    const before = new AbortController()
    const waiting = transport.handle(request, { abortSignal: before.signal })
    before.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    await expect(transport.handle(request, { abortSignal: before.signal })).rejects.toMatchObject({
      name: 'AbortError',
    })
    const after = new AbortController()
    const { response } = await transport.handle({ ...request, path: '/slow' }, { abortSignal: after.signal })
    const reading = textOf(response)
    after.abort()
    await expect(reading).rejects.toThrow()
  })

  it('is given up when nothing comes', async () => {
    const { transport, request } = await serve(() => {}, 100)
    await expect(transport.handle(request)).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('has its query in the form it was signed in', async () => {
    const { transport, request } = await serve((asked, response) => void response.end(asked.url))
    const query = { b: ['2', "it's"], a: 'x y*', none: null }
    expect(await textOf((await transport.handle({ ...request, query })).response)).toBe(
      '/?a=x%20y%2A&b=2&b=it%27s&none=',
    )
  })
})
