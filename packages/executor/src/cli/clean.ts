/** `mayfly clean`: removes what no run needs any more. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sweep } from '../cleaner.js'
import { configInForce } from '../config/resolve.js'
import { openStorage, type Storage } from '../storage/storage.js'
import { type Command, numberOf, readArgs } from './args.js'
import { homeInForce, withRuns } from './runs.js'

const DAY_MS = 86_400_000

export const clean: Command = {
  usage: `mayfly clean [--all] [--runs DAYS]

Removes inputs and results of runs that ended more than a day ago, and code that no job has used for a week; what runs now, cloud
objects and your own files stay. This happens by itself once a day, too.

  --all         inputs, results and code of every run that has ended, whatever its age
  --runs DAYS   also the logs of runs that ended more than DAYS days ago
`,
  async run(args) {
    const { values } = readArgs(args, { all: { type: 'boolean' }, runs: { type: 'string' } })
    const days = numberOf(values.runs, '--runs', { whole: false })
    const home = homeInForce()
    const storage = openStorage(configInForce().options.storage, home)
    try {
      const removed = values.all ? await cleanEnded(storage) : await sweep(storage, Date.now(), { again: true })
      process.stdout.write(`${removed.length} objects removed\n`)
      if (days !== undefined) process.stdout.write(`${await removeLogs(home, days)} logs of runs removed\n`)
      return 0
    } finally {
      await storage.close()
    }
  },
}

/** Everything that belongs to runs, but for those that go on. */
async function cleanEnded(storage: Storage): Promise<string[]> {
  const open = await withRuns(async (runs) => (await runs.list()).filter(({ status }) => status === 'running'))
  const running = new Set(open.map(({ runId }) => runId))
  const { bucket } = storage
  const keys = await storage.listKeys(bucket, 'jobs/')
  const doomed = keys.filter((key) => !running.has(key.split('/')[1]!))
  // Code is shared by runs: as long as one goes on, it may be needed.
  const code =
    running.size > 0 ? [] : [...(await storage.listKeys(bucket, 'code/')), ...(await storage.listKeys(bucket, 'data/'))]
  await storage.deleteObjects(bucket, [...doomed, ...code])
  return [...doomed, ...code]
}

async function removeLogs(home: string, days: number): Promise<number> {
  const old = await withRuns(async (runs) =>
    (await runs.list()).filter(
      ({ status, finishedAt }) => status !== 'running' && (finishedAt ?? 0) < Date.now() - days * DAY_MS,
    ),
  )
  for (const { runId } of old) await rm(join(home, 'runs', `${runId}.ndjson`), { force: true })
  return old.length
}
