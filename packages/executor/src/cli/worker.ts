/** `mayfly worker`: the worker processes of this machine. */
import { basename } from 'node:path'
import { type Command, readArgs, wrongUse } from './args.js'
import { bytes, duration, textTable } from './text.js'
import { listWorkers } from './worker-list.js'

export const worker: Command = {
  usage: `mayfly worker list [--json]    the worker processes of this machine, and the processes they work for
`,
  async run([verb, ...args]) {
    if (verb !== 'list' && verb !== undefined) throw wrongUse(`unknown command 'worker ${verb}'`)
    const { values } = readArgs(args, { json: { type: 'boolean' } })
    const workers = await listWorkers()
    if (values.json) process.stdout.write(`${JSON.stringify(workers, null, 2)}\n`)
    else if (workers.length === 0) process.stdout.write('No worker is running.\n')
    else {
      const rows = workers.map((one) => [
        one.pid,
        one.parentPid,
        basename(one.parent),
        duration(one.ageMs),
        duration(one.cpuMs),
        bytes(one.rss),
      ])
      process.stdout.write(`${textTable(['pid', 'of', 'program', 'age', 'CPU', 'memory'], rows)}\n`)
    }
    return 0
  },
}
