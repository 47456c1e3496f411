/** Ctrl+C: the first stops the work in an orderly way, the second at once. */
import { formatError, toErrorValue } from '@mayfly/executor/errors'

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const

/** Runs `work` with a signal that is aborted by SIGINT or SIGTERM; then tells so and returns their exit code. */
export async function withInterrupt(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController()
  let code: number | undefined
  const handlers = Object.entries(SIGNALS).map(([name, exitCode]) => {
    const handle = () => {
      if (code !== undefined) process.exit(exitCode)
      code = exitCode
      controller.abort()
    }
    process.on(name, handle)
    return () => process.off(name, handle)
  })
  try {
    return await work(controller.signal)
  } catch (error) {
    const value = toErrorValue(error)
    if (value.code !== 'E_CANCELLED' || code === undefined) throw error
    console.error(formatError(value))
    return code
  } finally {
    for (const off of handlers) off()
  }
}
