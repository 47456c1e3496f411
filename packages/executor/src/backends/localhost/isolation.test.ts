/** Workers in sandboxes, where bubblewrap can make them. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkIsolation } from './isolation.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-isolation-'))
let refused: unknown
try {
  checkIsolation('bwrap')
} catch (error) {
  refused = error
}

describe.skipIf(refused)(`isolated workers ${refused ? `(skipped: ${String(refused)})` : ''}`, () => {
  let executor: FunctionExecutor
  beforeAll(() => {
    executor = new FunctionExecutor({ home, workers: 2, isolation: 'bwrap' })
  })
  afterAll(async () => {
    await executor.close()
    rmSync(home, { recursive: true, force: true })
  })

  it('read but do not write the machine; storage, shared state and a folder of their own are theirs', async () => {
    const { storage } = executor
    const future = executor.callAsync(
      async (places: string[], ctx) => {
        const fs = process.getBuiltinModule('node:fs')
        const tried = places.map((place) => {
          try {
            fs.writeFileSync(`${place}/mayfly-was-here`, '')
            return 'written'
          } catch (error) {
            return (error as { code: string }).code
          }
        })
        await ctx.storage.putObject(ctx.storage.bucket, 'from/inside', 'text')
        return { tried, tmp: fs.readdirSync('/tmp').includes('mayfly-was-here'), big: 'b'.repeat(100_000) }
      },
      [homedir(), process.cwd(), '/tmp'],
    )
    const { tried, tmp, big } = await future.result()
    expect(tried).toEqual(['EROFS', 'EROFS', 'written'])
    expect([tmp, big.length]).toEqual([true, 100_000])
    expect(existsSync('/tmp/mayfly-was-here')).toBe(false)
    expect(String(Buffer.from(await storage.getObject(storage.bucket, 'from/inside')))).toBe('text')
    expect(future.stats.peakRss).toBeGreaterThan(20_000_000)
  })

  it('are told apart when they die, and end with all they started', async () => {
    const killed = executor.callAsync((_: unknown, ctx) => {
      if (ctx.attempt === 1) process.kill(process.pid, 'SIGKILL')
      return ctx.attempt
    })
    expect(await killed.result()).toBe(2)
    const exit = executor.callAsync(() => process.exit(3))
    await expect(exit.result()).rejects.toMatchObject({ kind: 'error', code: 'E_CALL_EXIT' })
    // Tells it from sleepers of other processes.
    const seconds = `4321.${process.pid}`
    const busy = executor.callAsync((long: string) => {
      process.getBuiltinModule('node:child_process').spawn('sleep', [long], { stdio: 'ignore', detached: true })
      for (;;);
    }, seconds)
    const sleepers = () => [...pidsWith(seconds)].length
    await expect.poll(sleepers).toBeGreaterThan(0)
    executor.cancel(busy)
    await expect(busy.result()).rejects.toMatchObject({ kind: 'cancelled' })
    await expect.poll(sleepers).toBe(0)
  })
})

it('says why it cannot isolate', () => {
  expect(() => new FunctionExecutor({ home, isolation: 'docker' as never })).toThrow(
    expect.objectContaining({ code: 'E_CONFIG_VALUE' }),
  )
})

function* pidsWith(word: string): Iterable<string> {
  for (const pid of process.getBuiltinModule('node:fs').readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(word)) yield pid
    } catch {
      // It has ended meanwhile.
    }
  }
}
