/** News of a running pipeline, cancelling it, and cleaning up after it. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FunctionExecutor } from '@mayfly/executor'
import type { PipelineProgress } from '@mayfly/pipeline'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ProgressLine, progressText } from './cli/progress-line.js'
import { section, sectionFolder } from './fixtures/section.js'
import { ProgressFeed, STAGES } from './progress.js'

const home = mkdtempSync(join(tmpdir(), 'mayfly-progress-'))
let executor: FunctionExecutor
beforeAll(() => {
  executor = new FunctionExecutor({ home, workers: 2 })
})
afterAll(async () => {
  await executor.close()
  rmSync(home, { recursive: true, force: true })
})

const keys = () => executor.storage.listKeys(executor.storage.bucket, 'pipeline/')
const ends = (news: PipelineProgress[]) => news.filter(({ state }) => state !== 'running')

describe('progress', () => {
  it('tells of every stage in order, counts its calls, and estimates what is left', async () => {
    const news: PipelineProgress[] = []
    const pipeline = section({ executor, onProgress: (progress) => void news.push(progress) })
    const iterated: PipelineProgress[] = []
    const stream = pipeline.progress()
    const running = pipeline.run()
    for await (const progress of stream) iterated.push(progress)
    await running
    expect(ends(news).map(({ stage, state }) => [stage, state])).toEqual(STAGES.map((stage) => [stage, 'done']))
    expect(ends(iterated)).toEqual(ends(news))
    for (const [i, { number, stages, done, total, resumed, elapsed }] of ends(news).entries()) {
      expect([number, stages, resumed]).toEqual([i + 1, STAGES.length, 0])
      expect(done).toBe(total)
      expect(elapsed).toBeGreaterThan(0)
    }
    const annotate = news.filter(({ stage }) => stage === 'annotate')
    expect(annotate.map(({ done }) => done)).toEqual([0, 0, 1, 2, 3, 4, 5, 5])
    expect(annotate.map(({ remaining }) => remaining !== undefined)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      true,
      false,
    ])
    expect(news.every(({ whole }) => whole !== undefined && whole.remaining >= 0)).toBe(true)
    const shares = news.map(({ whole }) => whole?.share)
    expect(shares).toEqual([...shares].sort((a, b) => Number(a) - Number(b)))
    expect(news.at(-1)?.whole).toEqual({ share: 1, remaining: 0 })
    for (const { remaining, done, total, elapsed } of annotate.slice(2, -1))
      expect(remaining).toBeCloseTo(((total - done) * elapsed) / done, 9)

    news.length = 0
    await section({ executor, onProgress: (progress) => void news.push(progress) }).run()
    expect(ends(news).map(({ state }) => state)).toEqual(STAGES.map(() => 'cached'))
  })

  it('is not disturbed by who looks on', async () => {
    const lines: string[] = []
    const pipeline = section({
      ...{ executor, warn: (line) => void lines.push(line) },
      onProgress: () => {
        throw new Error('no')
      },
    })
    await pipeline.run()
    expect(lines[0]).toBe('W_PROGRESS: onProgress failed: no')
  })

  it('skips steps for slow iterators, never the end of a stage, and ends when closed', async () => {
    const feed = new ProgressFeed()
    const iterator = feed.iterate()
    const meter = feed.begin('annotate')
    meter.expect(100)
    for (let i = 0; i < 100; i++) meter.step({ resumed: i < 10 })
    meter.end('done')
    feed.begin('runFdr')
    feed.close()
    const news: PipelineProgress[] = []
    for await (const progress of iterator) news.push(progress)
    expect(news.map(({ stage, state, done, resumed }) => [stage, state, done, resumed])).toEqual([
      ['annotate', 'done', 100, 10],
      ['runFdr', 'running', 0, 0],
    ])
  })

  it('is one line in a terminal and a plain line now and then elsewhere', () => {
    const shown: string[] = []
    const plain: string[] = []
    const running = { stage: 'annotate', number: 9, stages: 10, state: 'running', unit: 'calls', resumed: 0 } as const
    const news = { ...running, done: 5, total: 20, elapsed: 2.5, remaining: 7.5 }
    expect(progressText(news)).toBe(' 9/10 annotate  █████░░░░░░░░░░░░░░░  5/20 · 2.5 s, about 8 s left')
    const whole = { share: 0.5, remaining: 40 }
    expect(progressText({ ...news, whole })).toMatch(/ 2\.5 s, about 8 s left, 40 s in all$/)
    expect(progressText({ ...news, whole: { ...whole, remaining: 7.1 } })).toMatch(/ 2\.5 s, about 8 s left$/)
    expect(progressText({ ...news, whole: { ...whole, remaining: 4 } })).toMatch(/ 2\.5 s, about 4 s left in all$/)
    expect(progressText({ ...running, done: 0, total: 0, elapsed: 0, whole })).toMatch(
      / 0\.0 s, about 40 s left in all$/,
    )
    const terminal = new ProgressLine({ isTTY: true, columns: 90, write: (text) => shown.push(text) }, (line) =>
      plain.push(line),
    )
    for (let i = 0; i < 50; i++) terminal.update(news)
    terminal.update({ ...running, state: 'done', done: 20, total: 20, elapsed: 3 })
    expect(shown).toEqual([`\r\x1b[2K${progressText(news)}`, '\r\x1b[2K'])
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    try {
      const drawn: string[] = []
      const ticking = new ProgressLine({ isTTY: true, columns: 90, write: (text) => drawn.push(text) }, () => undefined)
      vi.advanceTimersByTime(200)
      ticking.update(news)
      vi.advanceTimersByTime(1000)
      expect(drawn.map((text) => /[^ ]+ s, about .*/.exec(text)?.[0])).toEqual([
        '2.5 s, about 8 s left',
        '3.0 s, about 7 s left',
        '3.5 s, about 7 s left',
      ])
      ticking.clear()
      vi.advanceTimersByTime(1000)
      expect(drawn.length).toBe(4)
    } finally {
      vi.useRealTimers()
    }
    const file = new ProgressLine({ write: (text) => shown.push(text) }, (line) => plain.push(line))
    for (let i = 0; i < 50; i++) file.update(news)
    expect(shown.length).toBe(2)
    expect(plain.length).toBeLessThanOrEqual(1)
  })
})

describe('cancelling', () => {
  const fresh = { useDsCache: false, useDbCache: false }

  it.each(['buildDatabase', 'uploadDataset', 'splitDs', 'annotate', 'runFdr'] as const)(
    'stops inside %s, keeps what was finished, and goes on when asked again',
    async (stage) => {
      await section({ executor }).clean()
      const controller = new AbortController()
      const states: string[] = []
      const pipeline = section({
        ...{ executor, signal: controller.signal },
        onProgress: (news) => {
          if (news.state !== 'running') states.push(`${news.stage} ${news.state}`)
          if (news.stage === stage && news.total > 0) controller.abort()
        },
      })
      await expect(pipeline.run()).rejects.toMatchObject({ code: 'E_CANCELLED', hint: expect.any(String) })
      expect(states.at(-1)).toBe(`${stage} cancelled`)
      if (stage === 'uploadDataset') expect((await keys()).filter((key) => key.includes('/data.'))).toEqual([])
      await expect(pipeline.runFdr()).rejects.toMatchObject({ code: 'E_CANCELLED' })
      const again: string[] = []
      const next = section({ executor, onProgress: (n) => void (n.state !== 'running' && again.push(n.state)) })
      await next.run()
      const at = STAGES.indexOf(stage)
      expect(again).toEqual(STAGES.map((_, i) => (i < at ? 'cached' : 'done')))
    },
  )

  it('by a method leaves the pipeline usable', async () => {
    const pipeline = section({
      executor,
      ...fresh,
      onProgress: ({ stage }) => stage === 'calculateCentroids' && cancel(),
    })
    let cancel = () => pipeline.cancel()
    await expect(pipeline.run()).rejects.toMatchObject({ code: 'E_CANCELLED' })
    cancel = () => undefined
    expect((await pipeline.run())['50%']).toBe(25)
    expect((await keys()).filter((key) => key.endsWith('/redo'))).toEqual([])
  })

  it('before it began starts nothing', async () => {
    const never = {
      storage: executor.storage,
      map: () => {
        throw new Error('a worker was started')
      },
    }
    const pipeline = section({ executor: never, ...fresh, signal: AbortSignal.abort() })
    await expect(pipeline.run()).rejects.toMatchObject({ code: 'E_CANCELLED' })
  })
})

describe('clean', () => {
  it('needs no inputs that were read before, and says so when there are none', async () => {
    const folder = mkdtempSync(join(home, 'inputs-'))
    cpSync(sectionFolder, folder, { recursive: true })
    const options = { executor, baseDir: folder, useDbCache: false }
    const [mine, other] = [section(options), section(options)]
    await mine.loadDs()
    rmSync(join(folder, 'section.imzML'))
    await expect(other.clean()).rejects.toMatchObject({ code: expect.stringMatching(/^E_/) })
    expect(await mine.clean()).toBeGreaterThan(0)
  })

  it('leaves nothing, whoever computed it and however it ended', async () => {
    await section({ executor }).clean()
    const others = await keys()
    for (const options of [{}, { impl: 'hybrid' }, { mode: 'metaspace-v3' }] as const) {
      await section({ executor, ...options }).run()
      const broken = section({
        executor,
        ...options,
        useDbCache: false,
        onProgress: ({ done }) => done > 0 && broken.cancel(),
      })
      await expect(broken.run()).rejects.toMatchObject({ code: 'E_CANCELLED' })
      const kept = (await keys()).length
      expect(kept).toBeGreaterThan(others.length)
      // A pipeline that has done nothing itself.
      expect(await section({ executor, ...options }).clean()).toBe(kept - others.length)
      expect(await keys()).toEqual(others)
    }
    expect(others).toEqual([])
  })
})
