import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor, Shared } from '@mayfly/executor'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findRedis, type RedisServer, startRedis } from '../storage/redis/testing.js'
import { script, sharedContract } from './contract.js'

const program = findRedis()
const home = mkdtempSync(join(tmpdir(), 'mayfly-shared-test-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Takes a lock and says so; then holds it for ever, without giving its process the time to renew if told so. */
const HOLD = `import { Shared } from '@mayfly/executor'
const [url, lease, busy] = process.argv.slice(1)
const held = await new Shared({ url, lease: Number(lease) }).lock('lease').acquire()
console.log(held.fence)
if (busy) { const end = Date.now() + 3000; while (Date.now() < end); console.log('released', await held.release()); process.exit() }
setInterval(() => {}, 1000)`

describe.skipIf(!program)('with a server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(program!)
  })
  afterAll(() => server.stop())

  sharedContract('Redis', { options: () => ({ url: server.url, lease: 4 }), home })

  it('keeps a living holder’s lease and takes over a dead one’s', async () => {
    await using shared = new Shared({ url: server.url })
    const child = await script(HOLD, server.url, '3')
    const redis = new Redis(server.url)
    const end = async () => Number((await redis.zrange('mayfly:shared:{default}:lh:lease', '0', '-1', 'WITHSCORES'))[1])
    for (let renewal = 0, last = await end(); renewal < 2; renewal++) {
      await expect.poll(end).toBeGreaterThan(last)
      last = await end()
    }
    await expect(shared.lock('lease').acquire({ timeout: 0.05 })).rejects.toMatchObject({ code: 'E_SHARED_TIMEOUT' })
    child.kill('SIGKILL')
    const held = await shared.lock('lease').acquire({ timeout: 30 })
    expect(await held.release()).toBe(true)
    redis.disconnect()
  })

  it('fences a holder off that was too busy to renew', async () => {
    await using shared = new Shared({ url: server.url })
    const before = await shared.lock('lease').run(({ fence }) => fence)
    const child = await script(HOLD, server.url, '1', 'busy')
    let said = ''
    child.stdout!.on('data', (chunk: Buffer) => (said += chunk))
    const held = await shared.lock('lease').acquire({ timeout: 30 })
    expect(held.fence).toBeGreaterThan(before + 1)
    await new Promise((resolve) => child.once('close', resolve))
    expect(said).toBe('released false\n')
    expect(await held.release()).toBe(true)
  })

  it('keeps namespaces apart, and passwords at home', async () => {
    await using other = new Shared({ url: server.url, namespace: 'other' })
    expect(await other.counter('hits').get()).toBe(0)
    const secret = new Shared({ url: server.url.replace('://', '://:word@') })
    await using fexec = new FunctionExecutor({ home, workers: 1 })
    const hits = secret.counter('hits')
    expect(() => fexec.callAsync(() => hits.add())).toThrow(expect.objectContaining({ code: 'E_STORAGE_SECRET' }))
  })
})
