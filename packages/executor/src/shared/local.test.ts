import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Shared, shared } from '@mayfly/executor'
import fc from 'fast-check'
import { afterAll, expect, it } from 'vitest'
import { sharedContract } from './contract.js'
import { SharedState } from './state.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-shared-test-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

sharedContract('the process that began', { options: () => ({}), home })

it('has one state however it is opened', async () => {
  await shared.counter('same').add(2)
  expect(await new Shared().counter('same').add(3)).toBe(5)
})

it('says when the state has gone, and what is no place for it', async () => {
  const gone = new Shared({ address: join(home, 'nobody') })
  await expect(gone.counter('x').add()).rejects.toMatchObject({ code: 'E_SHARED_GONE' })
  expect(() => new Shared({ url: 'http://x' })).toThrow(expect.objectContaining({ code: 'E_CONFIG_VALUE' }))
})

it('never lets more in than may, and loses nobody, whatever the interleaving', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('ask' as const), client: fc.nat(3) }),
    fc.record({ do: fc.constant('release' as const), client: fc.nat(3) }),
    fc.record({ do: fc.constant('die' as const), client: fc.nat(3) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 3 }), async (steps, permits) => {
      const state = new SharedState()
      const clients = Array.from({ length: 4 }, () => ({ key: {}, held: [] as string[], waiting: 0 }))
      const backends = () => clients.map(({ key }) => state.of(key))
      for (const { do: what, client: i } of steps) {
        const client = clients[i]!
        const backend = backends()[i]!
        if (what === 'ask') {
          client.waiting++
          backend.acquire('l', { permits }).then(
            ({ holder }) => {
              client.waiting--
              client.held.push(holder)
            },
            () => undefined,
          )
        } else if (what === 'release' && client.held.length > 0) {
          expect(await backend.release('l', { holder: client.held.pop()! })).toBe(true)
        } else if (what === 'die') {
          await backend.close()
          clients[i] = { key: {}, held: [], waiting: 0 }
        }
        await new Promise((resolve) => setImmediate(resolve))
        const held = clients.reduce((sum, each) => sum + each.held.length, 0)
        const waiting = clients.reduce((sum, each) => sum + each.waiting, 0)
        expect(held).toBeLessThanOrEqual(permits)
        if (waiting > 0) expect(held).toBe(permits)
      }
    }),
    { numRuns: 100 },
  )
})
