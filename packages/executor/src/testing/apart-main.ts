/** The process of `apart.ts`: one double, which ends when nobody is there any more. */
import type { Order } from './apart.js'
import { type LambdaDouble, startLambda } from './lambda/server.js'
import { type S3Double, startS3 } from './s3/server.js'

let lambda: LambdaDouble | undefined
let s3: S3Double | undefined

async function obey(order: Order): Promise<unknown> {
  if ('start' in order) {
    if (order.start === 'lambda') lambda = await startLambda(order.options)
    else s3 = await startS3(order.options)
    const { endpoint, region, credentials } = (lambda ?? s3)!
    return { endpoint, region, credentials }
  }
  if ('faults' in order) {
    if (lambda) Object.assign(lambda.faults, order.faults)
    s3?.faults.clear()
    if (s3 && Array.isArray(order.faults)) for (const fault of order.faults) s3.faults.add(fault)
    return null
  }
  const { user, system } = process.cpuUsage()
  return {
    cpuMs: (user + system) / 1000,
    ...(lambda
      ? { reports: lambda.reports, deadLetters: lambda.deadLetters, environments: lambda.environments() }
      : {}),
    ...(s3 ? { requests: Object.fromEntries(s3.requests) } : {}),
  }
}

process.on('message', async (order: Order) => process.send!((await obey(order)) as object))
process.on('disconnect', async () => {
  await Promise.all([lambda?.close(), s3?.close()])
  process.exit()
})
