/** What runs cost, computed from the executor's dated price table. Pure but for the table. */
import { predictCost, prices } from '@mayfly/executor'
import { z } from 'zod'
import examples from './examples.json' with { type: 'json' }

const requests = z.strictObject({ put: z.number(), get: z.number(), list: z.number() })
const example = z.strictObject({
  id: z.string(),
  title: z.string(),
  calls: z.number().int(),
  /** GB-seconds of all calls, or how they follow from what was published. */
  gbSeconds: z.number().optional(),
  published: z.strictObject({ usd: z.number(), perGbSecond: z.number() }).optional(),
  /** Requests of all calls, or the example in proportion to whose they are. */
  storage: requests.optional(),
  like: z.string().optional(),
  source: z.string(),
})
type Example = z.output<typeof example>

/** One example with its price, US dollars. */
export interface ExamplePrice {
  id: string
  title: string
  source: string
  calls: number
  gbSeconds: number
  /** Of the functions: GB-seconds and requests. */
  compute: number
  /** Of the requests to the bucket. */
  storage: number
  total: number
  /** What was published for the same work elsewhere. */
  published?: number
}

/** The examples in the prices of an architecture. */
export function examplePrices(architecture: 'x86_64' | 'arm64' = 'x86_64'): ExamplePrice[] {
  const all = z.array(example).parse(examples)
  return all.map((one) => priced(one, all, architecture))
}

function priced(one: Example, all: readonly Example[], architecture: 'x86_64' | 'arm64'): ExamplePrice {
  const { id, title, source, calls, published } = one
  const gbSeconds = one.gbSeconds ?? published!.usd / published!.perGbSecond
  const price = architecture === 'arm64' ? 'aws_lambda_arm64' : 'aws_lambda'
  // A call of that many seconds with one GB: the price of all GB-seconds at once.
  const compute =
    predictCost({ calls: 1, seconds: gbSeconds, runtimeMemory: 1024, price }).usd +
    (calls - 1) * prices()[price].request
  const model = one.storage ? one : all.find((other) => other.id === one.like)!
  const { put, get, list } = prices().aws_s3
  const made = model.storage!
  const storage = ((made.put * put + made.get * get + made.list * list) * calls) / model.calls
  return {
    ...{ id, title, source, calls, gbSeconds, compute, storage, total: compute + storage },
    ...(published ? { published: published.usd } : {}),
  }
}

/** The lines that `npm run deploy:aws` and docs/aws.md show. */
export function priceLines(architecture: 'x86_64' | 'arm64'): string[] {
  const { date, verified } = prices().aws_lambda
  const lines = examplePrices(architecture).map(({ title, calls, gbSeconds, total, compute, storage, published }) => {
    const parts = `${calls} calls, ${gbSeconds.toFixed(0)} GB-s: functions ${dollars(compute)}, requests to S3 ${dollars(storage)}`
    return `${dollars(total)}  ${title}; ${parts}${published ? `; published: ${dollars(published)}` : ''}`
  })
  return [`Prices of ${date}${verified ? '' : ', not verified against a bill'}, without the free tier:`, ...lines]
}

/** Two significant digits below one dollar. */
function dollars(amount: number): string {
  return `$${amount >= 1 ? amount.toFixed(2) : Number(amount.toPrecision(2))}`
}
