/** The S3 checks and the storage contract against Ceph's RADOS Gateway, which `MAYFLY_ORACLE_S3` names. */
import { Storage } from '@mayfly/executor'
import { storageContract } from '../../packages/executor/dist/storage/contract.js'
import { type S3Endpoint, s3Conformance } from '../../packages/executor/dist/testing/s3/conformance.js'

const rgw = JSON.parse(process.env.MAYFLY_ORACLE_S3!) as S3Endpoint
process.env.MAYFLY_ORACLE_S3_ID = rgw.credentials.accessKeyId
process.env.MAYFLY_ORACLE_S3_SECRET = rgw.credentials.secretAccessKey
const keys = {
  accessKeyId: '{{env.MAYFLY_ORACLE_S3_ID}}',
  secretAccessKey: '{{env.MAYFLY_ORACLE_S3_SECRET}}',
}

/** What the gateway does otherwise than Amazon's S3, in version 16.2: it knows nothing of the newer checksums … */
const DEVIATIONS = [
  'stored CRC32 is returned',
  'put of a stream with a trailer',
  'wrong CRC32 is refused',
  // … refuses the right etag, as it compares it with its quotes, and looks at no condition but those of plain puts and gets …
  'If-Match compares and swaps',
  'If-Match on a missing key is 404',
  'delete If-Match',
  'complete with If-None-Match on an existing key is 412',
  // … and answers with parts missing.
  'multipart: parts are listed, the etag is of the parts, ranges go across',
  'GetObjectAttributes',
]

/** What follows from that for the storage. The executor relies on none of it: it commits with `If-None-Match` and plain puts. */
const STORAGE_DEVIATIONS = [
  // An underscore in a name of metadata comes back as a hyphen.
  'keep content type and metadata, which go with each version',
  'are copied within and between buckets',
  'compare and swap: no increment is lost',
  'say what failed',
  'hold between processes',
  // Its end is a conditional completion of parts.
  'read and write what is larger than one chunk, and pass errors on',
  // Once a list of parts was refused, it takes no other.
  'join their parts in order of number, whoever sent them',
  'are conditional, can be given up, and refuse strange parts',
]

s3Conformance('RADOS Gateway', () => rgw, DEVIATIONS)

const options = { backend: 'aws_s3' as const, endpoint: rgw.endpoint, bucket: 'mayfly', compat: true, ...keys }
storageContract('aws_s3 with compat on RADOS Gateway', {
  deviations: STORAGE_DEVIATIONS,
  make: async () => {
    const storage = new Storage(options)
    await storage.createBucket(options.bucket)
    return storage as never
  },
  url: () => `s3://mayfly?${new URLSearchParams({ endpoint: rgw.endpoint, compat: 'true', ...keys })}`,
  many: 1_100,
})
