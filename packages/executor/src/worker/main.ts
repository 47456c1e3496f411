/**
 * Door of a worker process on this machine: user code runs here, in the main thread; the control thread owns the pipe.
 * Started by `backends/localhost/worker.ts` with a socket at file descriptor 3.
 */
import { getHeapStatistics } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { ControlMessage, MainMessage } from './protocol.js'

const { port1: port, port2 } = new MessageChannel()
const counters = new Float64Array(new SharedArrayBuffer(16))
const control = new Worker(new URL('./control.js', import.meta.url), {
  workerData: { port: port2, counters },
  transferList: [port2],
  execArgv: [],
})
control.on('error', (error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(70)
})

// Loaded while the control thread starts: the two overlap where there is a second CPU.
const [{ captureOutput }, { now }, { Environment }, { NetworkCounter }, { Runner }] = await Promise.all([
  import('./console.js'),
  import('./clock.js'),
  import('./environment.js'),
  import('./network.js'),
  import('./runner.js'),
])
const network = new NetworkCounter()
network.install()
const environment = new Environment()
environment.watch()
const runner = new Runner({ port, counters, network, environment })
captureOutput((stream, text) => runner.log(stream, text))
runner.guard()
const { heap_size_limit: heapLimit } = getHeapStatistics()
port.postMessage({ message: { type: 'hello', at: now(), pid: process.pid, heapLimit } } satisfies MainMessage)
port.on('message', (received: ControlMessage) => {
  if ('cursor' in received) void runner.runBatch(received)
  else runner.abort(received.message)
})
