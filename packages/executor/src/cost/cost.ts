/**
 * What calls cost. Prices are in `data/prices.json`, each with its date, its source and whether it was verified against a
 * bill. `localhost` costs nothing; the Lambda figure is an estimate of what the same calls would have cost there.
 */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const dated = {
  region: z.string().optional(),
  currency: z.literal('USD').optional(),
  source: z.string(),
  /** Day the figures were taken down. */
  date: z.iso.date(),
  /** False: from a price list, not checked against a bill. */
  verified: z.boolean(),
}

const compute = z.strictObject({
  kind: z.literal('compute'),
  architecture: z.enum(['x86_64', 'arm64']).optional(),
  /** US dollars per GB-second and per request. */
  gbSecond: z.number(),
  request: z.number(),
  /** Memory at which a function has one full CPU, MB. */
  vcpuMemoryMb: z.number().optional(),
  ...dated,
})

const storage = z.strictObject({
  kind: z.literal('storage'),
  /** US dollars per request. */
  put: z.number(),
  get: z.number(),
  list: z.number(),
  delete: z.number(),
  /** US dollars per GB and month. */
  gbMonth: z.number(),
  ...dated,
})

const schema = z.strictObject({ localhost: compute, aws_lambda: compute, aws_lambda_arm64: compute, aws_s3: storage })

export type PriceTable = z.output<typeof schema>
export type ComputePrice = z.output<typeof compute>

let table: PriceTable | undefined

/** The dated price table of this package. */
export function prices(): PriceTable {
  table ??= schema.parse(JSON.parse(readFileSync(new URL('../../data/prices.json', import.meta.url), 'utf8')))
  return table
}

/** Least memory that Lambda gives and bills, MB. */
const LEAST_MEMORY = 128

/** One attempt as a bill sees it. */
export interface BilledAttempt {
  /** From the loaded function to the stored result, ms. */
  durationMs: number
  /** Configured memory, MB; undefined when the job set none. */
  runtimeMemory: number | undefined
}

/**
 * GB-seconds of an attempt: memory in GB × duration in seconds, the duration rounded up to a full millisecond as Lambda
 * bills it. A job without `runtimeMemory` counts as 1,769 MB, the size at which Lambda gives one full CPU, as a local
 * worker has.
 */
export function gbSeconds({ durationMs, runtimeMemory }: BilledAttempt): number {
  const memoryMb = Math.max(LEAST_MEMORY, runtimeMemory ?? prices().aws_lambda.vcpuMemoryMb!)
  return (memoryMb / 1024) * (Math.ceil(Math.max(0, durationMs)) / 1000)
}

/** Estimated US dollars on AWS Lambda: GB-seconds × price + requests × price. Without free tier, storage and transfer. */
export function lambdaCost(totalGbSeconds: number, requests: number): number {
  return computeCost(prices().aws_lambda, totalGbSeconds, requests)
}

/** US dollars for GB-seconds and requests at a price. */
export function computeCost(
  price: Pick<ComputePrice, 'gbSecond' | 'request'>,
  totalGbSeconds: number,
  requests: number,
): number {
  return totalGbSeconds * price.gbSecond + requests * price.request
}

/** What is going to run. */
export interface Forecast {
  calls: number
  /** Run time of one call, seconds. */
  seconds: number
  /** Configured memory, MB. Default 1,769: one full CPU on Lambda. */
  runtimeMemory?: number
  /** Whose price. Default `aws_lambda`. */
  price?: 'localhost' | 'aws_lambda' | 'aws_lambda_arm64'
  /** Attempts a call takes on average. Default 1. */
  attempts?: number
}

/** Cost before a run, US dollars, with the GB-seconds and requests it is made of. */
export function predictCost({ calls, seconds, runtimeMemory, price = 'aws_lambda', attempts = 1 }: Forecast): {
  usd: number
  gbSeconds: number
  requests: number
} {
  const requests = calls * attempts
  const total = requests * gbSeconds({ durationMs: seconds * 1000, runtimeMemory })
  return { usd: computeCost(prices()[price], total, requests), gbSeconds: total, requests }
}
