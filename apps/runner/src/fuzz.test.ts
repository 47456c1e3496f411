/** Whatever is sent to it, the runner answers with a refusal in words and lives on. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { encodeMessage, V1 } from './channels/codec.js'
import { startTestRunner, type TestRunner } from './fixtures/runner.js'
import { connectPlain } from './fixtures/socket.js'
import { makeHeader } from './kernel/messages.js'

let runner: TestRunner
let kernelId: string

beforeAll(async () => {
  runner = await startTestRunner()
  mkdirSync(join(runner.root, 'd.ipynb'))
  const cells = [{ id: 'a', cell_type: 'code', source: '', metadata: {}, outputs: [], execution_count: null }]
  writeFileSync(join(runner.root, 'a.ipynb'), JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }))
  kernelId = (await runner.http('POST', '/api/kernels', { body: {} })).json.id
})

afterAll(async () => {
  expect(runner.child.exitCode).toBeNull()
  await runner.stop()
})

/** A request of any bytes; resolves with the status. */
function send(method: string, path: string, body: string): Promise<number> {
  const headers = { authorization: `token ${runner.ticket}`, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: runner.port, method, path, headers, agent: false },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode!))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const PREFIXES = [
  'contents',
  'mayfly/documents',
  'mayfly/outputs',
  'mayfly/runs',
  'mayfly/kernels',
  'sessions',
  'kernels',
  'kernelspecs',
]
const part = fc.constantFrom(
  ...[
    'a.ipynb',
    'd.ipynb',
    'sub',
    'none',
    'checkpoints',
    'checkpoint',
    'versions',
    'restore',
    'clear',
    'usage',
    'events',
    'KERNEL',
  ],
  ...[
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '%00',
    '%',
    '%zz',
    '%ff',
    '%5c',
    '',
    ' ',
    'C:',
    '__proto__',
    'ü',
    'x'.repeat(300),
    '%F0%9F%98%80',
  ],
)
const query = fc.constantFrom(
  '',
  '?content=0',
  '?content=2',
  '?type=directory',
  '?type=notebook&format=base64',
  '?hash=1&content=1',
  '?after=-1',
  '?after=1e99&follow=1',
  '?path[]=x',
  '?type=file&type=notebook',
)
const address = fc
  .tuple(
    fc.constantFrom('/files', ...PREFIXES.map((prefix) => `/api/${prefix}`)),
    fc.array(part, { maxLength: 4 }),
    query,
  )
  .map(
    ([prefix, parts, search]) => [prefix, ...parts].join('/').replaceAll(' ', '%20').replaceAll('ü', '%C3%BC') + search,
  )

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('a.ipynb', '../x', '', 0, -1, 1e308, null, [], {}, 'x'.repeat(2000)),
)
const fields = [
  'type',
  'format',
  'content',
  'chunk',
  'path',
  'name',
  'kernel',
  'copy_from',
  'ext',
  'cells',
  'metadata',
  'hash',
  'cellIds',
]
const good: Record<string, unknown> = {
  type: 'notebook',
  format: 'json',
  path: 'sub/b.ipynb',
  copy_from: 'a.ipynb',
  metadata: {},
  hash: '',
  chunk: 1,
}
const object = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...fields), fc.option(odd)), { selector: ([name]) => name, maxLength: 6 })
  .map((pairs) =>
    JSON.stringify(Object.fromEntries(pairs.map(([name, value]) => [name, value ?? good[name] ?? 'file']))),
  )
const body = fc.oneof(
  object,
  fc.json(),
  fc.constantFrom('', '{', '[', '"', '\u0000', `${'['.repeat(5000)}${']'.repeat(5000)}`),
)

test('requests of every shape', async () => {
  const method = fc.constantFrom('GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS')
  await fc.assert(
    fc.asyncProperty(method, address, body, async (verb, path, text) => {
      // A session would start a kernel for every path, and deleting the kernel ends the other test.
      fc.pre(!(verb === 'POST' && /^\/api\/(sessions|kernels)/.test(path)) && verb !== 'DELETE')
      const status = await send(verb, path.replace('KERNEL', kernelId), verb === 'GET' || verb === 'HEAD' ? '' : text)
      expect(status).toBeLessThan(500)
    }),
    { numRuns: 1200 },
  )
  expect((await runner.http('GET', '/api/status')).status).toBe(200)
})

test('frames of every shape cost only their own connection', async () => {
  const url = `ws://127.0.0.1:${runner.port}/api/kernels/${kernelId}/channels?session_id=fuzz&token=${runner.ticket}`
  const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 100n }))
  const counted = fc.tuple(u64, fc.array(u64, { maxLength: 12 })).map(([count, offsets]) => {
    const frame = Buffer.alloc(8 * (offsets.length + 1))
    for (const [i, value] of [count, ...offsets].entries()) frame.writeBigUInt64LE(value, 8 * i)
    return frame
  })
  const type = fc.constantFrom(
    'execute_request',
    'complete_request',
    'inspect_request',
    'history_request',
    'is_complete_request',
    'comm_open',
    'comm_msg',
    'comm_close',
    'comm_info_request',
    'input_reply',
    'kernel_info_request',
    'debug_request',
    'interrupt_request',
    'nonsense',
  )
  const content = fc.dictionary(
    fc.constantFrom(
      'code',
      'cursor_pos',
      'silent',
      'comm_id',
      'target_name',
      'data',
      'detail_level',
      'hist_access_type',
      'n',
      'value',
      'user_expressions',
    ),
    odd,
    { maxKeys: 5 },
  )
  const message = fc
    .tuple(fc.constantFrom('shell', 'control', 'stdin', 'iopub'), type, content, odd)
    .map(([channel, name, fields, metadata]) => {
      const message = {
        channel,
        header: makeHeader(name, 'fuzz'),
        parent_header: {},
        metadata,
        content: { ...fields, code: '1' },
      }
      return Buffer.from(encodeMessage(message as never, V1) as Uint8Array)
    })
  const frame = fc.oneof(counted, message, fc.uint8Array({ maxLength: 300 }).map(Buffer.from), fc.string())
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 5 }), fc.boolean(), async (frames, v1) => {
      const socket = new WebSocket(url, v1 ? [V1] : [])
      socket.on('error', () => {})
      const closed = new Promise<number>((resolve) => socket.once('close', resolve))
      await new Promise((resolve) => socket.once('open', resolve))
      for (const data of frames) socket.send(data)
      const idle = new Promise<number>((resolve) => socket.once('pong', () => resolve(0)))
      socket.ping()
      expect([0, 1007]).toContain(await Promise.race([closed, idle]))
      socket.terminate()
    }),
    { numRuns: 150 },
  )
  const client = await connectPlain(runner, kernelId, 'after')
  expect(await client.reply(client.execute('6 * 7', 'a'))).toBe('ok')
  client.socket.close()
})
