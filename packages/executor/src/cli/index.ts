/** The executor's commands of `npx mayfly`. Each loads only what it needs. */
import { formatError, MayflyError, toErrorValue } from '../errors.js'
import type { Command } from './args.js'

const COMMANDS: Record<string, () => Promise<Command>> = {
  hello: async () => (await import('./hello.js')).hello,
  test: async () => (await import('./self-test.js')).selfTest,
  config: async () => (await import('./config.js')).config,
  job: async () => (await import('./job.js')).job,
  logs: async () => (await import('./logs.js')).logs,
  worker: async () => (await import('./worker.js')).worker,
  runtime: async () => (await import('./runtime.js')).runtime,
  storage: async () => (await import('./storage.js')).storage,
  cost: async () => (await import('./cost.js')).cost,
  clean: async () => (await import('./clean.js')).clean,
  doctor: async () => (await import('./doctor.js')).doctor,
}

/** Codes of what the user gave us to read wrongly: nothing was begun. */
const WRONG_USE = /^E_(CLI|CONFIG|NOT_FOUND)/

/** Runs `argv` (`['hello', …]`); the result is the exit code: 0 well, 1 something failed, 2 wrong use. */
export async function main(argv: string[]): Promise<number> {
  const [name = '', ...args] = argv
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!load) {
    process.stderr.write(`E_CLI_COMMAND: Unknown command "${name}".\n`)
    return 2
  }
  const command = await load()
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(command.usage)
    return 0
  }
  try {
    return await command.run(args)
  } catch (error) {
    process.stderr.write(`${formatError(toErrorValue(error))}\n`)
    if (!(error instanceof MayflyError)) return 1
    if (error.code === 'E_CLI_USAGE') process.stderr.write(`\n${command.usage}`)
    return WRONG_USE.test(error.code) ? 2 : 1
  }
}
