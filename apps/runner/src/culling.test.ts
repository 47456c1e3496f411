import { array, assert, constantFrom, integer, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Idleness, idleLimits, judgeIdleness } from './culling.js'
import { startTestRunner } from './fixtures/runner.js'

const MINUTE = 60_000
const limits = idleLimits(240)

describe('a simulated clock', () => {
  const look = (state: Idleness, minute: number, active = 0, busy = false) =>
    judgeIdleness(state, { now: minute * MINUTE, lastActivity: active * MINUTE, busy }, limits)

  test('warned five minutes before, ended after four hours', () => {
    expect(look({ activeAt: 0 }, 234).verdict).toBe('none')
    const warned = look({ activeAt: 0 }, 235)
    expect(warned).toEqual({ verdict: 'warn', after: { activeAt: 0, until: 240 * MINUTE } })
    expect(look(warned.after, 239).verdict).toBe('none')
    expect(look(warned.after, 240).verdict).toBe('end')
  })

  test('activity, a running cell, or the user withdraw the warning', () => {
    const { after } = look({ activeAt: 0 }, 235)
    expect(look(after, 236, 236)).toEqual({ verdict: 'withdraw', after: { activeAt: 236 * MINUTE } })
    expect(look(after, 236, 0, true)).toEqual({ verdict: 'withdraw', after: { activeAt: 236 * MINUTE } })
  })

  test('a machine that slept warns first', () => {
    const woken = look({ activeAt: 0 }, 1000)
    expect(woken).toEqual({ verdict: 'warn', after: { activeAt: 0, until: 1005 * MINUTE } })
  })

  test('whatever happens: never while busy, never without a warning that stood in full, never too early', () => {
    const step = record({
      minutes: integer({ min: 0, max: 300 }),
      does: constantFrom('nothing', 'nothing', 'acts', 'runs'),
    })
    assert(
      property(array(step, { maxLength: 40 }), (steps) => {
        let now = 0
        let active = 0
        let warnedAt: number | undefined
        let state: Idleness = { activeAt: 0 }
        for (const { minutes, does } of steps) {
          now += minutes * MINUTE
          if (does !== 'nothing') active = now
          const { verdict, after } = judgeIdleness(state, { now, lastActivity: active, busy: does === 'runs' }, limits)
          state = after
          if (verdict === 'warn') warnedAt = now
          if (verdict === 'withdraw') warnedAt = undefined
          if (verdict !== 'end') continue
          expect(does).not.toBe('runs')
          expect(now - active).toBeGreaterThanOrEqual(limits.limitMs)
          expect(warnedAt).toBeGreaterThanOrEqual(active)
          expect(now - warnedAt!).toBeGreaterThanOrEqual(limits.warningMs)
          return
        }
      }),
      { numRuns: 500 },
    )
  })
})

test('an idle kernel is ended, one that is kept or works is not', async () => {
  const runner = await startTestRunner(undefined, { MAYFLY_KERNEL_IDLE_MINUTES: '0.05' })
  try {
    const start = async () => (await runner.http('POST', '/api/kernels', { body: {} })).json.id as string
    const [idle, kept] = [await start(), await start()]
    const ids = async () => (await runner.http('GET', '/api/kernels')).json.map(({ id }: { id: string }) => id)
    const keeper = setInterval(() => void runner.http('POST', `/api/mayfly/kernels/${kept}/keep`).catch(() => {}), 300)
    while ((await ids()).includes(idle)) await new Promise((r) => setTimeout(r, 100))
    clearInterval(keeper)
    expect(await ids()).toEqual([kept])
    expect((await runner.http('POST', `/api/mayfly/kernels/${idle}/keep`)).status).toBe(404)
    expect((await runner.http('POST', `/api/mayfly/kernels/${kept}/keep`)).status).toBe(204)
  } finally {
    await runner.stop()
  }
})
