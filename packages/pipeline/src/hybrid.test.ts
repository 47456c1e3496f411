/** Both implementations: the same numbers where the reference has the same, stateful stages on the second executor. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import { afterAll, expect, it } from 'vitest'
import { section } from './fixtures/section.js'

const work = mkdtempSync(join(tmpdir(), 'mayfly-hybrid-'))
const functions = new FunctionExecutor({ home: join(work, 'home'), workers: 2 })
const vm = new FunctionExecutor({ home: join(work, 'home'), workers: 1, storage: functions.storage })
afterAll(async () => {
  await Promise.all([functions.close(), vm.close()])
  rmSync(work, { recursive: true, force: true })
})
const fresh = { useDsCache: false, useDbCache: false }
const STATEFUL = ['readDatabase', 'formulasAtOnce', 'loadImzml', 'segmentsAtOnce', 'ratesAtOnce']

it('auto is hybrid where there is a second executor; its stateful stages run there as one call each', async () => {
  const pipeline = section({ executor: functions, vmExecutor: vm })
  await pipeline.run()
  expect(pipeline.search.impl).toBe('hybrid')
  const stats = pipeline.getStats()
  const there = stats.filter(({ Where }) => Where === 'vm')
  expect(there.map((row) => [row.Function, row.Actions, row.Cost])).toEqual(STATEFUL.map((name) => [name, 1, 0]))
  expect(vm.jobSummary().map(({ function: name }) => name)).toEqual(STATEFUL)
  expect(functions.jobSummary().map(({ function: name }) => name)).toEqual([
    'calculatePeaks',
    'segmentCentroids',
    'annotateSegment',
  ])
  const runs = new Set(there.map(({ Run }) => Run))
  expect(
    stats.filter(({ Where }) => Where === 'functions').every(({ Run }) => Run !== undefined && !runs.has(Run)),
  ).toBe(true)
  const alone = section({ executor: functions, impl: 'hybrid', ...fresh })
  await alone.run()
  expect(alone.totalCost()).toBeGreaterThan(0)
  expect(await alone.getResults()).toEqual(await pipeline.getResults())
  expect(section({ executor: functions }).search.impl).toBe('serverless')
  expect(section({ executor: functions, vmExecutor: vm, impl: 'serverless' }).search.impl).toBe('serverless')
})

it.each(['metaspace-v1', 'metaspace-v3'] as const)('gives in the mode %s what serverless gives', async (mode) => {
  const results = await Promise.all(
    (['serverless', 'hybrid'] as const).map(async (impl) => {
      const pipeline = section({ executor: functions, mode, impl, ...fresh })
      await pipeline.run()
      const images = await pipeline.getImages((await pipeline.getResults()).slice(0, 3), [0, 1])
      return { results: await pipeline.getResults(), images, ions: await pipeline.getIonMetrics() }
    }),
  )
  expect(results[0]!.results.length).toBeGreaterThan(5)
  expect(results[1]).toEqual(results[0])
})

it('does the same work twice at a time without one hindering the other, with the cache and without', async () => {
  const home = join(work, 'shared')
  const options = { home, workers: 2 }
  await using one = new FunctionExecutor(options)
  await using two = new FunctionExecutor(options)
  const expected = section({ executor: functions })
  await expected.run()
  for (const use of [{}, fresh]) {
    const both = [section({ executor: one, ...use }), section({ executor: two, ...use })]
    await Promise.all(both.map((pipeline) => pipeline.run()))
    for (const pipeline of both) expect(await pipeline.getResults()).toEqual(await expected.getResults())
  }
  expect(await section({ executor: one }).clean()).toBeGreaterThan(0)
  expect(await one.storage.listKeys(one.storage.bucket, 'pipeline/')).toEqual([])
})

it('refuses a second executor with another storage', async () => {
  await using other = new FunctionExecutor({ home: join(work, 'other'), workers: 1 })
  expect(() => section({ executor: functions, vmExecutor: other })).toThrow(
    expect.objectContaining({ code: 'E_CONFIG_VALUE', where: { key: 'vmExecutor' } }),
  )
})
