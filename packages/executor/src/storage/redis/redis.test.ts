import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storageContract } from '../contract.js'
import { Storage } from '../storage.js'
import { findRedis, type RedisServer, startRedis } from './testing.js'

const program = findRedis()

describe.skipIf(!program)('with a server', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis(program!)
  })
  afterAll(() => server.stop())

  storageContract('redis', { make: () => new Storage(server.url), url: () => server.url })

  it('carries an executor, whose workers bring the code beside the host’s socket and leave nothing in /tmp', async () => {
    const home = mkdtempSync(join(tmpdir(), 'mayfly-redis-home-'))
    const executor = new FunctionExecutor({ home, workers: 2, storage: server.url })
    const where = (size: number) =>
      [size, new Error().stack!.match(/file:\/\/(\S+?\.mjs)/)?.[1], 'b'.repeat(size)] as const
    const results = await executor.map(where, [1, 100_000], { chunksize: 1 }).getResult()
    expect(results.map(([size, , big]) => big.length === size)).toEqual([true, true])
    for (const [, file] of results) expect(dirname(dirname(file!))).toBe(dirname(process.env.MAYFLY_SHARED!))
    await executor.close()
    rmSync(home, { recursive: true, force: true })
  })

  it('takes the password from the environment and tells it to nobody', async () => {
    const secured = await startRedis(program!, '--requirepass', 'p@ss/word')
    try {
      process.env.MAYFLY_TEST_REDIS = 'p@ss/word'
      const url = secured.url.replace('://', '://:{{env.MAYFLY_TEST_REDIS}}@')
      await using storage = new Storage(url)
      await storage.putObject('b', 'k', 'v')
      expect(JSON.stringify(storage.config)).not.toContain('p@ss')
      await using wrong = new Storage(secured.url.replace('://', '://:wrong@'))
      await expect(wrong.getObject('b', 'k')).rejects.toMatchObject({ code: 'E_REDIS' })
    } finally {
      delete process.env.MAYFLY_TEST_REDIS
      await secured.stop()
    }
  })
})

it('says at once that nobody answers', async () => {
  await using storage = new Storage('redis://127.0.0.1:1')
  await expect(storage.getObject('b', 'k')).rejects.toMatchObject({ code: 'E_REDIS' })
})
