/**
 * What runs in an environment of the double: loads the handler and asks the Runtime API (2018-06-01) for work, as the
 * managed Node runtime does. Handlers are `async (event, context)` or made by `awslambda.streamifyResponse`.
 */
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { PassThrough, type Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'

const STREAMING = Symbol('streaming')
type Context = { awsRequestId: string; functionName: string; getRemainingTimeInMillis(): number }
type Handler = ((event: unknown, context: Context) => unknown) & { [STREAMING]?: undefined }
type Streaming = ((event: unknown, out: Writable, context: Context) => unknown) & { [STREAMING]: true }

const runtime = { streamifyResponse: (handler: Streaming) => Object.assign(handler, { [STREAMING]: true as const }) }
Object.assign(globalThis, { awslambda: runtime })

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API!.split(':')

/** Sends bytes, or whatever comes of a stream, and gives the answer. */
function call(method: string, path: string, body?: Uint8Array | string | PassThrough, headers = {}) {
  return new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const sent = request({ host, port, method, path: `/2018-06-01/runtime${path}`, headers }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ headers: response.headers, body: Buffer.concat(chunks) })
    })
    sent.on('error', reject)
    if (body instanceof PassThrough) body.pipe(sent)
    else sent.end(body)
  })
}

function described(thrown: unknown): string {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') })
}

async function load(): Promise<Handler | Streaming> {
  const [file, name] = process.env._HANDLER!.split(/\.(?=[^.]*$)/) as [string, string]
  const path = join(process.env.LAMBDA_TASK_ROOT!, file)
  const module = await import(pathToFileURL(existsSync(`${path}.mjs`) ? `${path}.mjs` : `${path}.js`).href)
  if (typeof module[name] !== 'function') throw new Error(`${process.env._HANDLER} is undefined or not exported`)
  return module[name]
}

const handler = await load().catch(async (error: unknown) => {
  await call('POST', '/init/error', described(error))
  process.exit(1)
})
for (;;) {
  const next = await call('GET', '/invocation/next')
  const id = String(next.headers['lambda-runtime-aws-request-id'])
  const deadline = Number(next.headers['lambda-runtime-deadline-ms'])
  const context = {
    awsRequestId: id,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME!,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
  try {
    const event: unknown = JSON.parse(next.body.toString())
    if (handler[STREAMING]) {
      const out = new PassThrough()
      const mode = { 'lambda-runtime-function-response-mode': 'streaming', 'transfer-encoding': 'chunked' }
      const answered = call('POST', `/invocation/${id}/response`, out, mode)
      await (handler as Streaming)(event, out, context)
      if (!out.writableEnded) out.end()
      await answered
    } else {
      const result = await (handler as Handler)(event, context)
      await call('POST', `/invocation/${id}/response`, JSON.stringify(result ?? null))
    }
  } catch (error) {
    await call('POST', `/invocation/${id}/error`, described(error))
  }
}
