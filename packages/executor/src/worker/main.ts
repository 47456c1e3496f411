/**
 * Door of a worker process on this machine: user code runs here, in the main thread; the control thread owns the pipe.
 * Started by `backends/localhost/worker.ts` with a socket at file descriptor 3.
 */
import { getHeapStatistics } from 'node:v8'
import { MessageChannel, Worker } from 'node:worker_threads'
import { now } from './clock.js'
import { captureOutput } from './console.js'
import { NetworkCounter } from './network.js'
import { COUNTERS, type HostMessage } from './protocol.js'
import { Runner } from './runner.js'

const { port1, port2 } = new MessageChannel()
const cursor = new Int32Array(new SharedArrayBuffer(4))
const counters = new Float64Array(new SharedArrayBuffer(8 * COUNTERS))
const control = new Worker(new URL('./control.js', import.meta.url), {
  workerData: { port: port2, cursor, counters },
  transferList: [port2],
  execArgv: [],
})
control.on('error', (error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(70)
})

const network = new NetworkCounter()
network.install()
const runner = new Runner({ port: port1, cursor, counters, network })
captureOutput((stream, text) => runner.log(stream, text))
runner.guard()
port1.postMessage({
  message: { type: 'hello', at: now(), pid: process.pid, heapLimit: getHeapStatistics().heap_size_limit },
})
port1.on('message', (received: { message: HostMessage; body: Uint8Array }) => {
  if (received.message.type === 'abort') runner.abort(received.message)
  else void runner.runBatch(received.message, received.body)
})
