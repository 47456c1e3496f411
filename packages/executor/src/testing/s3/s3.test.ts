import { type S3Double, startS3 } from '@mayfly/executor/testing'
import { afterAll, beforeAll } from 'vitest'
import { s3Conformance } from './conformance.js'

let s3: S3Double
beforeAll(async () => {
  s3 = await startS3()
})
afterAll(() => s3.close())

s3Conformance('the double', () => s3)
