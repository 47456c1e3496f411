/**
 * The kernel process, main thread: where the cells run. The control thread (`worker.ts`) is started first; then everything a
 * cell may touch is put in place, and the runner is told.
 */
import { join } from 'node:path'
// Not the global one, which cells may replace.
import { setImmediate } from 'node:timers'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { MayflyError } from '@mayfly/executor/errors'
import { type KernelHost, setKernelHost } from '@mayfly/executor/host'
import type { ChildConfig, Question } from '../protocol.js'
import { CommHub } from './comms.js'
import { runContext } from './context.js'
import { makeDisplay, type Outlet, showBundle } from './display.js'
import { Evaluator } from './evaluator.js'
import { describeFault, KeyboardInterrupt, LateExit } from './faults.js'
import { OutputGate } from './gate.js'
import { Link, quickConsole, redirectStreams } from './link.js'
import { Lookup } from './lookup.js'
import { MainSession } from './main-session.js'
import { CellModules } from './modules.js'
import { SHARED, type ToMain, type WorkerData } from './shared.js'
import { sizeOf } from './sizes.js'
import { installStackFormatter, mapStack, runOfStack, runOnStack } from './stacks.js'

const config = JSON.parse(process.env.MAYFLY_KERNEL ?? '{}') as ChildConfig
delete process.env.MAYFLY_KERNEL
// Before anything of ours is added: these are the names a cell must not take from Node.
const globals = Object.getOwnPropertyNames(globalThis)

const shared = new Int32Array(new SharedArrayBuffer(SHARED.size * Int32Array.BYTES_PER_ELEMENT))
const { port1: port, port2 } = new MessageChannel()
const guard = { heap: config.heapLimitMb * 2 ** 20, rss: config.rssMb * 2 ** 20 }
const workerData: WorkerData = { port: port2, shared, guard }
const control = new Worker(new URL('./worker.js', import.meta.url), { workerData, transferList: [port2] })
control.on('error', (error) => {
  process.stderr.write(`kernel control thread: ${error.stack}\n`)
  process.kill(process.pid, 'SIGKILL')
})

const link = new Link(port, shared)
const session = new MainSession()
const gate = new OutputGate(join(config.home, 'outputs'), config.kernelId, (frame, size) => link.post(frame, size))
const evaluator = new Evaluator(session, shared, config, (frame) => {
  const data = frame.data && gate.result(frame.run, frame.data)
  gate.end(frame.run)
  link.post(data ? { ...frame, data } : frame, data ? sizeOf(data) : 0)
})
const lookup = new Lookup(session, globals)
const modules = new CellModules(config.workspace, config.notebook)
const comms = new CommHub({
  send: (frame) => link.post({ ...frame, run: owner() }),
  fault: (error) => reportLate('Uncaught (in comm listener)', error),
})
const interruptListeners = new Set<() => void>()
let notebook = config.notebook
let settings = config.settings
let lastRun = 0

/** The execution that output of this moment belongs to: the running cell, or the one whose code is at work. */
function owner(): number {
  const running = evaluator.current?.run
  if (running !== undefined && evaluator.synchronous) return running
  return (runContext ? runContext.getStore() : runOnStack()) ?? running ?? lastRun
}

/** What `process.exit` does: the cell that calls it ends, not the kernel. A late call has no cell to end and is a fault. */
function exit(code?: number | string | null): never {
  const value = Number(code ?? process.exitCode ?? 0) | 0
  const running = evaluator.current
  if (!running || owner() !== running.run) throw new LateExit(value)
  Atomics.store(shared, SHARED.exitCode, value)
  link.askToStop()
  // The control thread terminates this from outside: no catch of the cell can stand in the way.
  for (;;) Atomics.wait(shared, SHARED.exitCode, value)
}

const outlet: Outlet = {
  owner,
  show: (data, metadata, displayId, update, run) => gate.display(run, data, metadata, displayId, update),
  clear: (wait) => gate.clear(owner(), wait),
  onInterrupt,
}

function onInterrupt(callback: () => void): () => void {
  interruptListeners.add(callback)
  return () => interruptListeners.delete(callback)
}

const host: KernelHost = {
  currentCell() {
    const frame = evaluator.current
    if (!frame) return undefined
    const { cellId, executionCount } = frame
    return { executionCount, ...(notebook ? { notebook } : {}), ...(cellId ? { cellId } : {}) }
  },
  display: (bundle) => showBundle(outlet, bundle),
  onInterrupt,
  mapStack,
  settings: () => settings,
  workspace: config.workspace,
  importOf: (name) => modules.importOf(name),
  modules: () => modules.modules(),
  warn: (error) =>
    void process.stderr.write(`${error.name}: ${error.message}${error.hint ? `\n  → ${error.hint}` : ''}\n`),
}

async function* each(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncGenerator<unknown> {
  const asynchronous = (source as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator]
  const iterator = asynchronous ? asynchronous.call(source) : (source as Iterable<unknown>)[Symbol.iterator]()
  let ended = false
  try {
    for (;;) {
      const step = (await evaluator.wait(iterator.next())) as IteratorResult<unknown>
      if (step.done) {
        ended = true
        return
      }
      yield asynchronous ? step.value : await evaluator.wait(step.value)
    }
  } finally {
    if (!ended) await iterator.return?.()
  }
}

/** Asks the user for a line and waits for it, as a browser's `prompt` does. @throws MayflyError `E_KERNEL_STDIN` */
function ask(prompt: string, options: { password?: boolean; fallback?: string; confirm?: boolean }): string | null {
  Atomics.store(shared, SHARED.input, 0)
  link.post({ op: 'input', run: owner(), prompt, password: false, ...options })
  Atomics.wait(shared, SHARED.input, 0)
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
    const message = next.message as ToMain
    if (message.op === 'input') {
      if (message.refused)
        throw new MayflyError('E_KERNEL_STDIN', NOBODY, {
          hint: 'Run the cell in a notebook page, or give the value in the code.',
        })
      return message.value
    }
    setImmediate(handle, message)
  }
  return null
}

const NOBODY = 'Nobody can be asked: this cell was run by a client that takes no questions, or its run is over.'

const input: { prompt: typeof prompt; confirm: typeof confirm } = {
  prompt(message = '', options = {}) {
    const { default: fallback, password = false } =
      typeof options === 'object' && options !== null ? options : { default: String(options) }
    const answer = ask(String(message), { password, ...(fallback === undefined ? {} : { fallback: String(fallback) }) })
    return answer === '' && fallback !== undefined ? String(fallback) : answer
  },
  confirm: (message = '') => /^\s*y(es)?\s*$/i.test(ask(String(message), { confirm: true }) ?? ''),
}

/** What compiled cells call; the transform writes these names. */
const runtime = {
  import: modules.import.bind(modules),
  wait: (value: unknown) => evaluator.wait(value),
  each,
  use: (value: unknown, asynchronous = false) => evaluator.use(value, asynchronous),
  take: (value: unknown) => evaluator.take(value),
  offer: (value: unknown) => lookup.offer(value),
  get meta() {
    return modules.meta
  },
}

const define = (name: string, value: unknown) =>
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false })

function install(): void {
  installStackFormatter(config.workspace)
  process.setSourceMapsEnabled(true)
  redirectStreams((name, text) => gate.text(owner(), name, text))
  quickConsole()
  Object.defineProperty(globalThis, '__nb', { value: Object.freeze(runtime) })
  define('display', makeDisplay(outlet))
  define('require', modules.require)
  define('comms', comms.api)
  define('prompt', input.prompt)
  define('confirm', input.confirm)
  process.exit = exit
  setKernelHost(host)
  process.on('uncaughtException', (error) => reportLate('Uncaught', error))
  process.on('unhandledRejection', (reason) => reportLate('Uncaught (in promise)', reason))
  process.on('exit', (code) => {
    session.close()
    link.flushAndSay(code)
  })
}

/** A fault that no cell waits for is shown where its code stands, and nothing ends. */
function reportLate(label: string, thrown: unknown): void {
  // The await of an interrupted cell, left behind by code that did not await it.
  if (thrown instanceof KeyboardInterrupt) return
  const text = describeFault(thrown).traceback.join('\n')
  const run = runContext?.getStore() ?? runOfStack(text) ?? evaluator.current?.run ?? lastRun
  gate.text(run, 'stderr', `${label} ${text}\n`)
}

let interruptsSeen = 0

function interrupt(attempt: number): void {
  link.post({ op: 'interrupted' })
  if (attempt === interruptsSeen) return
  interruptsSeen = attempt
  for (const listener of interruptListeners) {
    try {
      listener()
    } catch (error) {
      reportLate('Uncaught (in interrupt listener)', error)
    }
  }
  evaluator.interrupt()
}

async function answer(ask: number, question: Question): Promise<void> {
  let found: unknown = null
  try {
    found = await lookup.answer(question)
  } catch (error) {
    reportLate('Kernel: a question could not be answered:', error)
  }
  link.post({ op: 'answer', ask, answer: found })
}

function handle(message: ToMain): void {
  switch (message.op) {
    case 'execute':
      lastRun = message.run
      gate.begin(message.run, message.script)
      modules.declare(message.declared, message.imports)
      evaluator.execute(message)
      break
    case 'interrupt':
      interrupt(message.attempt)
      break
    case 'ask':
      void answer(message.ask, message.question)
      break
    case 'comm':
      comms.take(message)
      break
    case 'rename':
      notebook = message.notebook
      modules.rename(message.notebook)
      break
    case 'configure':
      settings = message.settings
      break
    case 'input':
      // An answer nobody waits for any more.
      break
  }
}

install()
port.on('message', handle)
link.post({ op: 'ready', node: process.version, globals })
