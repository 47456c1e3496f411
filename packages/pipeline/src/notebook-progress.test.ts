import { PROGRESS_MIME, type ProgressOutput } from '@mayfly/executor/events'
import { type KernelHost, setKernelHost } from '@mayfly/executor/host'
import { expect, it } from 'vitest'
import { expectedTimes } from './expected.js'
import { showInNotebook } from './notebook-progress.js'
import { ProgressFeed, STAGES } from './progress.js'

it('shows a bar where a cell runs several stages, and takes an interrupt for a wish to stop', async () => {
  const displays: ProgressOutput[][] = []
  let cell = 1
  let interrupt = () => {}
  let stopped = 0
  const outputOf = (bundle: Record<string, unknown>) => bundle[PROGRESS_MIME] as ProgressOutput
  setKernelHost({
    currentCell: () => (cell === 0 ? undefined : { cellId: 'c', executionCount: cell }),
    display: (bundle: Record<string, unknown>) => {
      const shown = [outputOf(bundle)]
      displays.push(shown)
      return { update: (next: Record<string, unknown>) => void shown.push(outputOf(next)) }
    },
    onInterrupt: (callback: () => void) => {
      interrupt = callback
      return () => (interrupt = () => {})
    },
  } as unknown as KernelHost)
  const feed = new ProgressFeed()
  const sizes = { molecules: 1e3, candidates: 1e5, ions: 3e4, spectra: 1e3, points: 1e6, pixels: 1e3 }
  const kept = new Set(STAGES.filter((stage) => !['annotate', 'runFdr'].includes(stage)))
  feed.whole.foresee(expectedTimes({ ...sizes, copied: 0, fetched: 0 }, 2), kept)
  feed.whole.aim('runFdr')
  const end = showInNotebook(feed, () => void stopped++)
  feed.begin('loadDs').end('done')
  cell = 2
  feed.begin('splitDs').end('cached')
  const meter = feed.begin('annotate')
  meter.expect(4)
  meter.step()
  meter.end('failed')
  cell = 0
  feed.begin('runFdr').end('done')
  expect(displays.length).toBe(1)
  const [shown] = displays
  expect(shown![0]).toMatchObject({ label: 'annotate (9 of 10)', state: 'running', done: 0, total: 100 })
  expect(shown![0]!.remainingMs).toBeGreaterThan(0)
  expect(shown!.at(-1)).toMatchObject({ label: 'annotate (9 of 10): 1 of 4 calls', state: 'failed' })
  interrupt()
  end()
  interrupt()
  expect(stopped).toBe(1)
})
