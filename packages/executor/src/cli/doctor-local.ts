/** The checks of `mayfly doctor`, one after the other, each independent of the others. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { join } from 'node:path'
import { configInForce } from '../config/resolve.js'
import { formatError, toErrorValue } from '../errors.js'
import { FunctionExecutor } from '../executor.js'
import { mayflyHome } from '../home.js'
import { bytes, duration } from './text.js'

export interface Check {
  name: string
  /** `note` is worth knowing, not wrong. */
  state: 'good' | 'note' | 'bad'
  says: string
  /** What to do, when there is something. */
  fix?: string
}

export async function* localChecks(): AsyncGenerator<Check> {
  yield nodeVersion(process.versions.node)
  yield machine()
  const configuration = readConfiguration()
  yield configuration.check
  yield await homeCheck(configuration.home)
  yield memoryLimits()
  yield program('bwrap', 'isolation of workers by bubblewrap', 'Install bubblewrap to be able to isolate workers.')
  yield program(
    'redis-server',
    'a local Redis for shared state',
    'Install redis-server, or name a Redis elsewhere, to use it.',
  )
  if (configuration.check.state !== 'bad') yield await testCall()
}

/** Pure. */
export function nodeVersion(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19))
    return { name: 'Node', state: 'bad', says: version, fix: 'Install Node 20.19 or newer.' }
  if (major < 24)
    return {
      name: 'Node',
      state: 'note',
      says: version,
      fix: 'Node 24 starts workers faster and lets kernels survive every interrupt.',
    }
  return { name: 'Node', state: 'good', says: version }
}

function machine(): Check {
  const says = `${availableParallelism()} CPUs, ${bytes(totalmem())} memory of which ${bytes(freemem())} free`
  return { name: 'machine', state: 'good', says }
}

function readConfiguration(): { check: Check; home: string } {
  try {
    const { options, sources, file } = configInForce()
    const set = Object.entries(sources).map(([key, source]) => `${key} (${source})`)
    const says = set.length > 0 ? set.join(', ') : 'all defaults'
    return {
      check: { name: 'configuration', state: 'good', says: file ? `${file}: ${says}` : says },
      home: options.home ?? mayflyHome(),
    }
  } catch (error) {
    const { hint, ...value } = toErrorValue(error)
    return {
      check: { name: 'configuration', state: 'bad', says: formatError(value), ...(hint ? { fix: hint } : {}) },
      home: mayflyHome(),
    }
  }
}

const LEAST_FREE = 1_000_000_000

async function homeCheck(home: string): Promise<Check> {
  const probe = join(home, `.doctor-${process.pid}`)
  try {
    await mkdir(home, { recursive: true })
    await writeFile(probe, 'x')
    await rm(probe)
    const { bavail, bsize } = await statfs(home)
    const free = bavail * bsize
    const says = `${home}, ${bytes(free)} free`
    if (free < LEAST_FREE)
      return {
        name: 'home',
        state: 'note',
        says,
        fix: 'Free some disk space: `npx mayfly clean` removes what no run needs.',
      }
    return { name: 'home', state: 'good', says }
  } catch (error) {
    return {
      name: 'home',
      state: 'bad',
      says: (error as Error).message,
      fix: 'Set MAYFLY_HOME to a folder that can be written.',
    }
  }
}

/** How a worker's memory limit is kept beyond the heap: by cgroups where they can be written, else by watching its resident set. */
function memoryLimits(): Check {
  const v2 = '/sys/fs/cgroup/cgroup.controllers'
  const name = 'memory limits'
  if (process.platform !== 'linux') return { name, state: 'note', says: 'by the heap limit of Node' }
  if (existsSync(v2))
    return {
      name,
      state: 'good',
      says: `cgroups v2 (${readFileSync(v2, 'utf8').trim() || 'no controllers'}), heap limit, resident set`,
    }
  return {
    name,
    state: 'good',
    says: `${existsSync('/sys/fs/cgroup/memory') ? 'cgroups v1, ' : ''}heap limit, resident set`,
  }
}

function program(name: string, use: string, fix: string): Check {
  try {
    const text = execFileSync(name, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return { name, state: 'good', says: `${text.trim().split('\n')[0]} – ${use}` }
  } catch {
    return { name, state: 'note', says: `not here – ${use}`, fix }
  }
}

async function testCall(): Promise<Check> {
  const executor = new FunctionExecutor({ progress: false, name: 'doctor' })
  const began = performance.now()
  try {
    const sum = await executor.getResult(executor.callAsync((n: number) => n + 1, 41))
    const took = duration(performance.now() - began)
    if (sum !== 42) return { name: 'test call', state: 'bad', says: `41 + 1 gave ${sum}` }
    return { name: 'test call', state: 'good', says: `done in ${took}` }
  } catch (error) {
    const { hint, ...value } = toErrorValue(error)
    return { name: 'test call', state: 'bad', says: formatError(value), ...(hint ? { fix: hint } : {}) }
  } finally {
    await executor.close()
  }
}
