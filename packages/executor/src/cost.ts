/**
 * What calls cost. Prices are in `prices.json`, each with its date, its source and whether it was verified against a bill.
 * `localhost` costs nothing; the Lambda figure is an estimate of what the same calls would have cost there.
 */
import { readFileSync } from 'node:fs'

export interface PriceEntry {
  /** US dollars per GB-second and per request. */
  gbSecond: number
  request: number
  /** Memory at which a function has one full CPU, MB. */
  vcpuMemoryMb?: number
  source: string
  date: string
  /** False: from a price list, not checked against a bill. */
  verified: boolean
}

export type PriceTable = Record<'localhost' | 'aws_lambda', PriceEntry>

let table: PriceTable | undefined

/** The dated price table of this package. */
export function prices(): PriceTable {
  table ??= JSON.parse(readFileSync(new URL('../src/prices.json', import.meta.url), 'utf8')) as PriceTable
  return table
}

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
  const memoryMb = Math.max(128, runtimeMemory ?? prices().aws_lambda.vcpuMemoryMb!)
  return (memoryMb / 1024) * (Math.ceil(Math.max(0, durationMs)) / 1000)
}

/** Estimated US dollars on AWS Lambda: GB-seconds × price + requests × price. Without free tier, storage and transfer. */
export function lambdaCost(totalGbSeconds: number, requests: number): number {
  const { gbSecond, request } = prices().aws_lambda
  return totalGbSeconds * gbSecond + requests * request
}
