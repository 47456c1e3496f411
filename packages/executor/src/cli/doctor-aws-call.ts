/** The function and two calls of it, made as every executor makes them. */
import type { AwsLambdaOptions } from '../backends/aws-lambda/config.js'
import { isCode } from '../storage/errors.js'
import type { AwsAccess, TestCall } from './doctor-aws-access.js'
import { advice, bad, type Finding } from './doctor-aws-advice.js'
import { duration } from './text.js'

export async function functionStep(access: AwsAccess): Promise<Finding> {
  try {
    const { name, made, memory, runtime } = await access.function()
    const what = `${name}, ${memory} MB, ${runtime}`
    return { state: 'good', says: made ? `${what}: deployed now` : `${what}: there` }
  } catch (error) {
    return advice(error, access.settings)
  }
}

/** Clocks that differ by this much are worth a word, ms: logs of the cloud are hard to read beside ours. */
const SKEW_MS = 1000

export async function callStep(access: AwsAccess): Promise<Finding> {
  try {
    const calls = await access.call()
    const times = calls.map(({ ms, cold }) => `${cold ? 'cold' : 'warm'} ${duration(ms)}`)
    const skew = skewOf(calls)
    const says = `${times.join(', ')}, clocks ${Math.abs(skew) < 1 ? 'agree' : `differ by ${duration(Math.abs(skew))}`}`
    if (Math.abs(skew) < SKEW_MS) return { state: 'good', says }
    const way = skew > 0 ? 'behind' : 'ahead'
    const fix = `The clock of this machine is ${way} by at least ${duration(Math.abs(skew))}: set it (\`timedatectl set-ntp true\`). Above 15 minutes S3 refuses everything.`
    return { state: 'note', says, fix }
  } catch (error) {
    if (isCode(error, 'E_WAIT_TIMEOUT')) return bad('no answer in time', silence(access.settings.lambda))
    return advice(error, access.settings, 'role')
  }
}

/** Calls that are refused for want of room wait for ever, as they should in a run. */
function silence({ region, logGroup }: AwsLambdaOptions): string {
  const log = logGroup ? `the log group ${logGroup}` : 'the log group of the function'
  return `Look whether the account has room for a call (aws lambda get-account-settings --region ${region}), whether the function has none reserved, and at ${log}.`
}

/**
 * How far the functions' clock is ahead of ours, ms: what of a stamp taken there lies outside the time between sending and
 * receiving. 0 when all may be right; so a difference below the round trip is not seen.
 */
export function skewOf(calls: readonly TestCall[]): number {
  return calls.reduce((most, { sent, at, received }) => {
    const outside = at < sent ? at - sent : at > received ? at - received : 0
    return Math.abs(outside) > Math.abs(most) ? outside : most
  }, 0)
}
