import { beforeEach, expect, test, vi } from 'vitest'
import { type JupyterMessage, makeHeader } from '../kernel/index.js'
import { Hub } from './hub.js'

let emit: (message: JupyterMessage) => void
let hub: Hub
const kernel = {
  send: vi.fn(),
  configure: vi.fn(),
  onMessage: (listener: typeof emit) => {
    emit = listener
    return () => {}
  },
}
const document = {
  document: { settings: { backend: 'aws_lambda' }, request: vi.fn(), answered: vi.fn() },
  apply: (m: JupyterMessage) => ({ ...m, metadata: { stamped: true } }),
  commit: vi.fn(() => true),
  explain: vi.fn((ename: string) => [request(ename)]),
}

beforeEach(() => {
  vi.clearAllMocks()
  hub = new Hub(kernel, () => document)
})

function request(type: string): JupyterMessage {
  return { channel: 'shell', header: makeHeader(type, 's'), parent_header: {}, metadata: {}, content: {} }
}

function answer(to: JupyterMessage, type: string, channel: JupyterMessage['channel'] = 'shell', content = {}): void {
  emit({ channel, header: makeHeader(type, 's'), parent_header: to.header, metadata: {}, content })
}

function listen(sessionId: string) {
  const client = hub.client(sessionId)
  const types: string[] = []
  client.send = ({ message }) => void types.push(message.header.msg_type)
  return { client, types }
}

const released = () => new Promise((resolve) => setImmediate(resolve))

test('a reply goes to who asked, output and replies to executions to all', async () => {
  const [one, two] = [listen('1'), listen('2')]
  const [info, run] = [request('kernel_info_request'), request('execute_request')]
  hub.fromClient(one.client, info)
  hub.fromClient(one.client, run)
  expect(kernel.send).toHaveBeenCalledTimes(2)
  expect(document.document.request).toHaveBeenCalledExactlyOnceWith(run)
  expect(kernel.configure).toHaveBeenCalledExactlyOnceWith({ backend: 'aws_lambda' })
  answer(info, 'kernel_info_reply')
  answer(info, 'kernel_info_reply')
  answer(run, 'input_request', 'stdin')
  answer(run, 'stream', 'iopub')
  answer(run, 'execute_reply')
  expect(one.types).toEqual([])
  await released()
  expect(document.commit).toHaveBeenCalledOnce()
  expect(one.types).toEqual(['kernel_info_reply', 'input_request', 'stream', 'execute_reply'])
  expect(two.types).toEqual(['input_request', 'stream', 'execute_reply'])
})

test('clients may not speak for the kernel', () => {
  const { client } = listen('1')
  hub.fromClient(client, { ...request('stream'), channel: 'iopub' })
  expect(kernel.send).not.toHaveBeenCalled()
})

test('when the kernel is asked to end, the running cell says so', async () => {
  const { client, types } = listen('1')
  hub.fromClient(client, { ...request('shutdown_request'), channel: 'control' })
  await released()
  expect(types).toEqual(['KernelStopped'])
  expect(kernel.send).toHaveBeenCalledOnce()
})

test('a session id names the same client again, none names a new one', () => {
  expect(hub.client('1')).toBe(hub.client('1'))
  expect(hub.client('')).not.toBe(hub.client(''))
})

test('a page that was left is forgotten, one whose connection broke is not', () => {
  const [left, broken, anonymous] = [hub.client('1'), hub.client('2'), hub.client('')]
  hub.left(left, 1001)
  hub.left(broken, 1006)
  hub.left(anonymous, 1006)
  expect(hub.client('1')).not.toBe(left)
  expect(hub.client('2')).toBe(broken)
  expect(hub.client(anonymous.sessionId)).not.toBe(anonymous)
})

test('what could not be made lasting says so', async () => {
  const { client } = listen('1')
  const seen: unknown[] = []
  client.send = ({ message }) => void seen.push(message.metadata)
  document.commit.mockReturnValueOnce(false)
  hub.broadcast({ ...request('stream'), metadata: { mayfly: { seq: 1 } } })
  await released()
  hub.broadcast({ ...request('stream'), metadata: { mayfly: { seq: 2 } } })
  await released()
  expect(seen).toEqual([{ mayfly: { seq: 1, unsaved: true } }, { mayfly: { seq: 2 } }])
})

test('an answer settles the question', () => {
  const { client } = listen('1')
  hub.fromClient(client, { ...request('input_reply'), channel: 'stdin' })
  expect(document.document.answered).toHaveBeenCalledOnce()
})
