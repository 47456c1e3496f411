/** The bucket, in every way that an executor uses it. */
import { randomBytes } from 'node:crypto'
import { isCode } from '../storage/errors.js'
import type { AwsAccess } from './doctor-aws-access.js'
import { advice, bad, type Finding } from './doctor-aws-advice.js'

/** Writes an object that was not there, is refused to write it again, reads it, lists it and deletes it. */
export async function bucketStep(access: AwsAccess): Promise<Finding> {
  const { storage, settings } = access
  const { bucket } = storage
  // Where a job's objects lie: whoever runs calls may write there, and what stays for some reason is cleaned there.
  const prefix = `jobs/doctor-${randomBytes(8).toString('hex')}/`
  const key = `${prefix}probe`
  const said = randomBytes(16).toString('hex')
  let written = false
  try {
    await storage.putObject(bucket, key, said, { ifNoneMatch: '*' })
    written = true
    const second = await storage.putObject(bucket, key, 'second', { ifNoneMatch: '*' }).catch((error: unknown) => error)
    if (!isCode(second, 'E_STORAGE_EXISTS')) {
      if (second instanceof Error) throw second
      return bad(
        'an object was overwritten in spite of If-None-Match: *',
        'Results are published by that condition, so use Amazon S3 or another server that keeps it.',
      )
    }
    const read = Buffer.from(await storage.getObject(bucket, key)).toString()
    if (read !== said)
      return bad('an object was not read as it was written', 'Look at what stands between here and S3.')
    const keys = await storage.listKeys(bucket, prefix)
    if (!keys.includes(key))
      return bad('an object that was written is not listed', 'Use a server that lists what was written.')
    await storage.deleteObject(bucket, key)
    written = false
    const says = `${bucket}: one object written, refused a second time, read, listed and deleted`
    return { state: 'good', says }
  } catch (error) {
    return advice(error, settings)
  } finally {
    if (written) await storage.deleteObject(bucket, key).catch(() => undefined)
  }
}
