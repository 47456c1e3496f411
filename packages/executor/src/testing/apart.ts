/** A double in a process of its own, so that whoever is tested or measured does not share a thread with it. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LambdaFaults } from './lambda/faults.js'
import type { LambdaDouble, LambdaOptions } from './lambda/server.js'
import type { Fault } from './s3/faults.js'
import type { S3Double, S3Options } from './s3/server.js'

const MAIN = fileURLToPath(new URL('./apart-main.js', import.meta.url))

/** What the process is told, and answers. */
export type Order =
  | { start: 'lambda'; options: LambdaOptions }
  | { start: 's3'; options: S3Options }
  | { faults: Partial<LambdaFaults> | readonly Fault[] }
  | { look: true }

interface Kinds {
  lambda: {
    options: LambdaOptions
    started: Pick<LambdaDouble, 'endpoint' | 'region' | 'credentials'>
    faults: Partial<LambdaFaults>
    state: Pick<LambdaDouble, 'reports' | 'deadLetters'> & { environments: ReturnType<LambdaDouble['environments']> }
  }
  s3: {
    options: S3Options
    started: Pick<S3Double, 'endpoint' | 'region' | 'credentials'>
    faults: readonly Fault[]
    state: { requests: Record<string, number> }
  }
}

export type Apart<K extends keyof Kinds> = Kinds[K]['started'] & {
  pid: number
  /** Sets faults of Lambda, or replaces those of S3. */
  setFaults(faults: Kinds[K]['faults']): Promise<void>
  /** What the double knows, and the CPU time its process has used, ms. */
  look(): Promise<Kinds[K]['state'] & { cpuMs: number }>
  close(): Promise<void>
}

/** Starts a double; it ends with this process at the latest. */
export async function startApart<K extends keyof Kinds>(kind: K, options: Kinds[K]['options'] = {}): Promise<Apart<K>> {
  // Without the loaders of whatever runs the tests.
  const child = fork(MAIN, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] })
  const ask = asking(child)
  const started = (await ask({ start: kind, options } as Order)) as Kinds[K]['started']
  return {
    ...started,
    pid: child.pid!,
    setFaults: async (faults) => void (await ask({ faults })),
    look: async () => (await ask({ look: true })) as Kinds[K]['state'] & { cpuMs: number },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** Answers come in the order of the questions; who is gone answers nothing more. */
function asking(child: ChildProcess): (order: Order) => Promise<unknown> {
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = []
  child.on('message', (answer) => waiting.shift()!.resolve(answer))
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`The double has ended: ${signal ?? `code ${code}`}`))
  })
  return (order) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      child.send(order, (error) => error && reject(error))
    })
}
