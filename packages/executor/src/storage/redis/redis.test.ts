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
