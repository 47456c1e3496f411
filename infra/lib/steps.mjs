/** Runs steps one after the other and says how long each took. Quiet when a step had nothing to do. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository's root folder. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`

export async function step(title, work) {
  const since = performance.now()
  process.stderr.write(`  ${title} …\n`)
  try {
    const result = await work()
    process.stderr.write(`  ${title}: ${seconds(since)}\n`)
    return result
  } catch (error) {
    process.stderr.write(`  ${title}: failed after ${seconds(since)}\n`)
    throw error
  }
}

/** A step that failed; `output` is what the command printed. */
export class StepError extends Error {
  constructor(command, code, output) {
    super(`${command} ended with ${code}`)
    this.output = output
  }
}

/**
 * Runs a command in the repository. `quiet` (default) collects its output and shows it only when it fails;
 * otherwise the output is passed on as it comes, and with `ask` the terminal's input to the command.
 */
export function run(command, args, { cwd = ROOT, env = {}, quiet = true, ask = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : [ask ? 'inherit' : 'ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
    })
    let output = ''
    child.stdout?.on('data', (chunk) => (output += chunk))
    child.stderr?.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => reject(new StepError(command, error.message, output)))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output)
      if (quiet) process.stderr.write(output)
      reject(new StepError([command, ...args].join(' '), code ?? signal, output))
    })
  })
}

/** Runs one of the packages' own commands, for example `bin('typescript', 'bin/tsc')`. */
export const bin = (name, path) => `${ROOT}node_modules/${name}/${path}`

/** Prints the failure of a script in one line and sets the exit code. */
export function fail(error) {
  process.stderr.write(`\n${error instanceof StepError ? error.message : (error?.stack ?? error)}\n`)
  process.exitCode = 1
}
