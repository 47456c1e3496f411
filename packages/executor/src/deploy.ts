/** Brings a job to where workers find it: code and data content-addressed, and only if they are not there already. */
import type { CodeRef, Resources } from './backends/backend.js'
import type { CallRecord } from './call-record.js'
import { bundle, type Capture, remapStack, type Shipment } from './closure/index.js'
import { MayflyError, toErrorValue } from './errors.js'
import { inputKey, type JobRecord } from './job-record.js'
import type { Storage } from './storage/storage.js'
import { describeStorage } from './storage-link.js'

/** Inputs above this size are handed over as a file. */
const INLINE_INPUT = 1024 * 1024

/** Bundles the function, stores it and the large inputs, and gives the job its deployment; or its `fault`. Never rejects. */
export async function ship(
  job: JobRecord,
  captured: Capture,
  extraArgs: Uint8Array,
  resources: Resources,
): Promise<void> {
  try {
    const { storage } = job
    const shipment = await bundle(captured)
    const code = await deployCode(shipment, storage)
    job.readStack = (stack) => remapStack(stack, code.codeKey, shipment.sources)
    for (const call of job.calls) await storeLargeInput(call, storage)
    const { bucket } = storage
    job.deployment = {
      code,
      resources,
      extraArgs,
      bucket,
      storage: describeStorage(storage),
      resultPrefix: `${job.prefix}/results`,
    }
  } catch (error) {
    job.fault = toErrorValue(error instanceof MayflyError ? error : cannotStore(error, job.storage))
  }
}

function cannotStore(error: unknown, { home }: Storage): MayflyError {
  return new MayflyError('E_SHIP', `The function could not be put into storage: ${(error as Error).message}`, {
    hint: `Make sure that ${home} (MAYFLY_HOME) can be written and the disk is not full.`,
    cause: error,
  })
}

async function storeLargeInput(call: CallRecord, storage: Storage): Promise<void> {
  const { input } = call
  if (!input || !('bytes' in input) || input.bytes.byteLength <= INLINE_INPUT) return
  const key = inputKey(call.job, call.index)
  await storage.putObject(storage.bucket, key, input.bytes)
  // The call may have been cancelled meanwhile.
  if (call.input) call.input = { key, size: input.bytes.byteLength }
  else await storage.deleteObject(storage.bucket, key)
}

/** Writes what is missing and says where everything is. */
export async function deployCode(shipment: Shipment, storage: Storage): Promise<CodeRef> {
  const { codeHash, dataHash } = shipment
  const [codeKey, dataKey, ...blobKeys] = await Promise.all([
    ensure(storage, `code/${codeHash}.mjs`, shipment.code),
    ensure(storage, `data/${dataHash}.bin`, shipment.data),
    ...shipment.blobs.map(({ hash, bytes }) => ensure(storage, `data/${hash}.bin`, bytes)),
  ])
  return { hash: `${codeHash}-${dataHash}`, codeKey: codeKey!, dataKey: dataKey!, blobKeys }
}

async function ensure(storage: Storage, key: string, body: Uint8Array | string): Promise<string> {
  const { bucket } = storage
  try {
    await storage.headObject(bucket, key)
  } catch (error) {
    if (!isCode(error, 'E_STORAGE_NOT_FOUND')) throw error
    // Two executors may do this at once; the content is the same, so the loser has nothing to do.
    await storage.putObject(bucket, key, body, { ifNoneMatch: '*' }).catch((lost) => {
      if (!isCode(lost, 'E_STORAGE_EXISTS')) throw lost
    })
  }
  return key
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof MayflyError && error.code === code
}
