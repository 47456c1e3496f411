import { EventEmitter } from 'node:events'
import { expect, test, vi } from 'vitest'
import { type JupyterMessage, makeHeader } from '../kernel/index.js'
import { CLOSE_SLOW, Client, Outgoing } from './client.js'

class FakeSocket extends EventEmitter {
  readyState = 1 as const
  bufferedAmount = 0
  received: string[] = []
  pings: string[] = []
  terminate = vi.fn()
  close = vi.fn()
  private callbacks: (() => void)[] = []

  send(frame: string, callback: () => void): void {
    this.received.push(JSON.parse(frame).content.text)
    this.bufferedAmount += frame.length
    this.callbacks.push(callback)
  }
  ping(data: string): void {
    this.pings.push(data)
  }
  /** The network took everything. */
  take(): void {
    this.bufferedAmount = 0
    for (const callback of this.callbacks.splice(0)) callback()
  }
  async pong(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.emit('pong', Buffer.from(this.pings.at(-1)!))
  }
  die(code = 1006): void {
    this.emit('close', code)
  }
}

function attach(client: Client): FakeSocket {
  const socket = new FakeSocket()
  client.attach(socket as never, '')
  return socket
}

function say(client: Client, text: string, type = 'stream', content: object = {}): void {
  const message = { header: makeHeader(type, ''), parent_header: {}, metadata: {}, content: { text, ...content } }
  client.send(new Outgoing({ channel: 'iopub', ...message } as JupyterMessage))
}

test('what comes while there is no socket waits', async () => {
  const client = new Client('s')
  say(client, '1')
  const first = attach(client)
  say(client, '2')
  expect(first.received).toEqual(['1', '2'])
  await first.pong()
  first.die()
  say(client, '3')
  expect(attach(client).received).toEqual(['3'])
})

test('what was under way when the connection broke is sent again, what had arrived is not', async () => {
  const client = new Client('s')
  const socket = attach(client)
  say(client, '1')
  await socket.pong()
  say(client, '2')
  say(client, '3')
  socket.die()
  say(client, '4')
  expect(attach(client).received).toEqual(['2', '3', '4'])
})

test('pings are shared by what is sent at once', async () => {
  const client = new Client('s')
  const socket = attach(client)
  for (const text of ['1', '2', '3']) say(client, text)
  await socket.pong()
  expect(socket.pings).toEqual(['3'])
})

test('a client that said goodbye gets nothing twice', () => {
  const client = new Client('s')
  const socket = attach(client)
  say(client, '1')
  socket.die(1000)
  expect(attach(client).received).toEqual([])
})

test('the order to connect anew is never repeated', () => {
  const client = new Client('s')
  const socket = attach(client)
  say(client, 'restart', 'status', { execution_state: 'restarting' })
  say(client, 'after')
  socket.die()
  expect(attach(client).received).toEqual(['after'])
})

test('foreign and repeated pongs confirm nothing', () => {
  const client = new Client('s')
  const socket = attach(client)
  say(client, '1')
  for (const data of ['', 'x', '-1', '99']) socket.emit('pong', Buffer.from(data))
  socket.die()
  expect(attach(client).received).toEqual(['1'])
})

test('a slow client is waited for, in order', () => {
  const client = new Client('s', { socketBytes: 1, queueBytes: 1 << 20 })
  const socket = attach(client)
  for (const text of ['1', '2', '3']) say(client, text)
  expect(socket.received).toEqual(['1'])
  socket.take()
  expect(socket.received).toEqual(['1', '2'])
  socket.take()
  say(client, '4')
  socket.take()
  expect(socket.received).toEqual(['1', '2', '3', '4'])
})

test('a client that missed too much while it was away is told when it comes', () => {
  const client = new Client('s', { socketBytes: 1e6, queueBytes: 5000 })
  for (let i = 0; i < 100; i++) say(client, String(i))
  const socket = attach(client)
  expect(socket.received).toEqual([])
  expect(socket.close).toHaveBeenCalledWith(CLOSE_SLOW, 'E_CLIENT_SLOW')
  socket.die(CLOSE_SLOW)
  say(client, 'later')
  const next = attach(client)
  expect(next.received).toEqual(['later'])
  expect(next.close).not.toHaveBeenCalled()
})

test('a client that takes nothing is cut off and may begin anew', () => {
  const client = new Client('s', { socketBytes: 1, queueBytes: 5000 })
  const socket = attach(client)
  for (let i = 0; i < 100; i++) say(client, String(i))
  expect(socket.close).toHaveBeenCalledWith(CLOSE_SLOW, 'E_CLIENT_SLOW')
  socket.die(CLOSE_SLOW)
  const again = attach(client)
  expect(again.received).toEqual([])
  say(client, 'new')
  expect(again.received).toEqual(['new'])
})

test('a second socket of the same session takes over', () => {
  const client = new Client('s')
  const old = attach(client)
  say(client, '1')
  const next = attach(client)
  expect(old.terminate).toHaveBeenCalled()
  old.die()
  say(client, '2')
  expect(next.received).toEqual(['1', '2'])
  expect(old.received).toEqual(['1'])
})
