/** The runs of this workspace, for the commands that show them. */
import { join } from 'node:path'
import { configInForce } from '../config/resolve.js'
import { MayflyError } from '../errors.js'
import type { LoggedEvent, RunHeader } from '../events.js'
import { mayflyHome } from '../home.js'
import { parseEvent, RunStore, readRun } from '../runs/index.js'

/** `MAYFLY_HOME` as the configuration has it. */
export function homeInForce(): string {
  return configInForce().options.home ?? mayflyHome()
}

export async function withRuns<T>(work: (runs: RunStore, home: string) => Promise<T>): Promise<T> {
  const home = homeInForce()
  const runs = new RunStore(join(home, 'runs'), join(home, 'journal', 'runs.json'))
  try {
    return await work(runs, home)
  } finally {
    await runs.close()
  }
}

/** The run a user means: a whole id, its unambiguous beginning, or `last`. */
export async function resolveRun(runs: RunStore, wanted: string): Promise<RunHeader> {
  const all = await runs.list()
  if (wanted === 'last' && all[0]) return all[0]
  const found = all.filter(({ runId }) => runId === wanted || runId.startsWith(wanted))
  const exact = found.find(({ runId }) => runId === wanted) ?? (found.length === 1 ? found[0] : undefined)
  if (exact) return exact
  const [code, message] =
    found.length > 1 ? ['E_CLI_RUN', `${found.length} runs begin with ${wanted}`] : ['E_NOT_FOUND', `no run ${wanted}`]
  throw new MayflyError(code!, message!, {
    hint:
      all.length > 0
        ? '`npx mayfly job list` shows the runs; `last` means the newest.'
        : 'There are no runs here yet: `npx mayfly hello` makes one.',
  })
}

/** The run a user means, with all its events so far. */
export function loadRun(wanted: string): Promise<{ header: RunHeader; events: LoggedEvent[] }> {
  return withRuns(async (runs, home) => {
    const header = await resolveRun(runs, wanted)
    return { header, events: await readRun(home, header.runId) }
  })
}

/** The events of a run, following it to its end. */
export async function* follow(runs: RunStore, runId: string): AsyncGenerator<LoggedEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of await runs.tail(runId, 0, true)) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const event = parseEvent(line)
      if (event) yield event
    }
  }
}
