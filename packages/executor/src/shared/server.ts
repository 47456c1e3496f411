/**
 * The state of this process, open to its workers (and theirs) over a local socket in a folder of ours that nobody else may enter. Where it is stands
 * in `MAYFLY_SHARED`, which workers inherit. A worker that dies loses its connection and with it what it held.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { toErrorValue } from '../errors.js'
import { encodeFrame, FrameReader } from '../frames.js'
import { SHARED_FOLDER, SHARED_VARIABLE } from './address.js'
import { OPS, type SharedBackend, type SharedOp, WaitEnded } from './backend.js'
import { SharedState } from './state.js'

interface Operation {
  id: number
  op: SharedOp
  name: string
}

/** Client → server: an operation with its arguments in the body, or the end of a wait. */
export type SharedRequest = Operation | { id: number; cancel: true }
/** Server → client: the answer in the body, or why there is none. */
export type SharedReply = { id: number; ended?: true; error?: ReturnType<typeof toErrorValue> }

interface Hosted {
  address: string
  state: SharedState
}

let hosted: Hosted | undefined

/** The state this process keeps; begins to listen with the first call. */
export function hostState(): Hosted {
  if (hosted) return hosted
  const state = new SharedState()
  const address = makeAddress()
  const server = createServer((socket) => serve(socket, state))
  server.on('error', () => undefined)
  server.listen(address)
  server.unref()
  process.env[SHARED_VARIABLE] = address
  hosted = { address, state }
  return hosted
}

/** Where the state is that this process shares: that of the process that began it all, else its own. */
export function sharedAddress(): string {
  return process.env[SHARED_VARIABLE] || hostState().address
}

/** The state of this very process, if the address is its own. */
export function stateAt(address: string): SharedState | undefined {
  return hosted?.address === address ? hosted.state : undefined
}

function makeAddress(): string {
  if (process.platform === 'win32') return `\\\\.\\pipe\\mayfly-${randomBytes(16).toString('hex')}`
  // Only this user may enter a folder of mkdtemp.
  const folder = mkdtempSync(join(tmpdir(), SHARED_FOLDER))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 's')
}

function serve(socket: Socket, state: SharedState): void {
  const backend = state.of(socket)
  const reader = new FrameReader()
  const waits = new Map<number, AbortController>()
  socket.unref()
  socket.on('error', () => socket.destroy())
  socket.on('close', () => void backend.close())
  socket.on('data', (chunk) => {
    for (const { header, body } of reader.push(chunk)) {
      const request = header as SharedRequest
      if ('cancel' in request) waits.get(request.id)?.abort()
      else void answer(request, body)
    }
  })
  const answer = async ({ id, op, name }: Operation, body: Uint8Array) => {
    const ending = new AbortController()
    waits.set(id, ending)
    let reply: SharedReply = { id }
    let value: unknown
    try {
      value = await call(backend, op, name, deserialize(body), ending.signal)
    } catch (error) {
      reply = error instanceof WaitEnded ? { id, ended: true } : { id, error: toErrorValue(error) }
    }
    waits.delete(id)
    if (!socket.destroyed) socket.write(encodeFrame(reply, serialize(value)))
  }
}

function call(backend: SharedBackend, op: SharedOp, name: string, args: unknown, signal: AbortSignal) {
  if (!OPS.includes(op)) throw new TypeError(`there is no operation ${String(op)}`)
  return (backend[op] as (name: string, args: unknown, signal: AbortSignal) => Promise<unknown>)(name, args, signal)
}
