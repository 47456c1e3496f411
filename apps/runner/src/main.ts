/** The runner as a process: reads the environment, says on which port it listens, and ends in order. */
import { formatError, toErrorValue } from '@mayfly/executor/errors'
import { readConfig } from './config.js'
import { type Runner, startRunner } from './server.js'

/** Whatever still hangs then is left to the operating system; kernels end by themselves when the runner is gone. */
const PATIENCE_MS = 2500

let runner: Runner | undefined
let stopping = false

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  setTimeout(() => process.exit(0), PATIENCE_MS).unref()
  await runner?.close().catch(complain)
  process.exit(0)
}

function complain(error: unknown): void {
  process.stderr.write(`${formatError(toErrorValue(error))}\n`)
}

process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
process.on('disconnect', () => void stop())
// Nobody reads any more: whoever started the runner is gone.
process.stdout.on('error', () => void stop())
process.stderr.on('error', () => void stop())
// A fault in one request or kernel must not take the other notebooks with it.
process.on('unhandledRejection', complain)
process.on('uncaughtException', complain)

try {
  runner = await startRunner(readConfig())
  process.stdout.write(`${JSON.stringify({ event: 'ready', port: runner.port })}\n`)
} catch (error) {
  complain(error)
  process.exit(1)
}
