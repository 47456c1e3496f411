/** For tests of the double: functions made of a text, and calls of them, through the real SDK. */
import * as sdk from '@aws-sdk/client-lambda'
import { zip } from '../../backends/aws-lambda/zip.js'
import { ROLE } from './rules.js'

export interface LambdaEndpoint {
  endpoint: string
  region: string
  credentials: { accessKeyId: string; secretAccessKey: string }
  /** ARN of the role that functions run with. Default: one of the double. */
  role?: string
}

export type CreateInput = Partial<Omit<sdk.CreateFunctionCommandInput, 'Code'>> & {
  code?: string
  files?: Record<string, Uint8Array>
  /** Until it can be called. Default true. */
  wait?: boolean
}

export class TestClient {
  readonly sdk: sdk.LambdaClient
  readonly #role: string

  constructor({ endpoint, region, credentials, role = ROLE }: LambdaEndpoint) {
    this.sdk = new sdk.LambdaClient({
      ...{ endpoint, region, credentials, maxAttempts: 1 },
      requestHandler: { httpAgent: { maxSockets: 1200, keepAlive: true } },
    })
    this.#role = role
  }

  /** Makes a function of the module `code`, whose `handler` it calls. */
  async create(
    FunctionName: string,
    { code = 'export const handler = (event) => event', files, wait = true, ...more }: CreateInput = {},
  ) {
    const ZipFile = zip({ 'i.mjs': Buffer.from(code), ...files })
    const made = await this.sdk.send(
      new sdk.CreateFunctionCommand({
        ...{ FunctionName, Runtime: 'nodejs22.x', Role: this.#role, Handler: 'i.handler', Timeout: 10 },
        ...{ Code: { ZipFile }, ...more },
      }),
    )
    const patience = { client: this.sdk, maxWaitTime: 10, minDelay: 0.05, maxDelay: 1 }
    if (wait) await sdk.waitUntilFunctionActiveV2(patience, { FunctionName })
    return made
  }

  async invoke(FunctionName: string, event: unknown, more: Partial<sdk.InvokeCommandInput> = {}) {
    const Payload = typeof event === 'string' ? event : JSON.stringify(event)
    const answer = await this.sdk.send(new sdk.InvokeCommand({ FunctionName, Payload, ...more }))
    const text = Buffer.from(answer.Payload ?? []).toString()
    return { ...answer, value: text ? JSON.parse(text) : undefined }
  }

  send(FunctionName: string, event: unknown) {
    return this.invoke(FunctionName, event, { InvocationType: 'Event' })
  }

  /** The chunks of a streamed answer, and how it ended. */
  async stream(FunctionName: string, event: unknown) {
    const command = new sdk.InvokeWithResponseStreamCommand({ FunctionName, Payload: JSON.stringify(event) })
    const chunks: string[] = []
    for await (const { PayloadChunk, InvokeComplete } of (await this.sdk.send(command)).EventStream!) {
      if (PayloadChunk) chunks.push(Buffer.from(PayloadChunk.Payload!).toString())
      if (InvokeComplete) return { chunks, complete: InvokeComplete }
    }
    throw new Error('The stream has no end')
  }
}
