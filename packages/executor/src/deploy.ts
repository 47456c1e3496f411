/** Brings a job to where workers find it: code and data content-addressed, and only if they are not there already. */
import type { CodeRef, Resources } from './backends/backend.js'
import { bundle, type Capture, remapStack, type Shipment } from './closure/index.js'
import { MayflyError, toErrorValue } from './errors.js'
import type { JobRecord } from './job-record.js'
import type { Storage } from './storage/storage.js'
import { describeStorage } from './storage-link.js'

/** Code and data this old are written anew when a job uses them: the cleaner goes by the age of objects, ms. */
const REFRESH_MS = 86_400_000

/** Code in storage, and the way back from its lines to the user's. */
export interface Code {
  ref: CodeRef
  readStack(stack: string): string
}

/**
 * Bundles the function unless an earlier job has, stores it and the large inputs, and gives the job its deployment; or its
 * `fault`. Never rejects.
 *
 * @param inline bytes of input that may travel in the message
 */
export async function ship(
  job: JobRecord,
  work: { captured: Capture; code?: Promise<Code> },
  extraArgs: Uint8Array,
  resources: Resources,
  inline: number,
): Promise<Code | undefined> {
  try {
    const { storage } = job
    work.code ??= shipCode(work.captured, storage)
    const code = await work.code
    job.readStack = code.readStack
    for (const call of job.calls) await job.storeLargeInput(call, inline)
    const { bucket } = storage
    const resultPrefix = `${job.prefix}/results`
    job.deployment = { code: code.ref, resources, extraArgs, bucket, storage: describeStorage(storage), resultPrefix }
    return code
  } catch (error) {
    job.fault = toErrorValue(error instanceof MayflyError ? error : cannotStore(error, job.storage))
    return undefined
  }
}

async function shipCode(captured: Capture, storage: Storage): Promise<Code> {
  const shipment = await bundle(captured)
  const ref = await deployCode(shipment, storage)
  return { ref, readStack: (stack) => remapStack(stack, ref.codeKey, shipment.sources) }
}

function cannotStore(error: unknown, { home }: Storage): MayflyError {
  return new MayflyError('E_SHIP', `The function could not be put into storage: ${(error as Error).message}`, {
    hint: `Make sure that ${home} (MAYFLY_HOME) can be written and the disk is not full.`,
    cause: error,
  })
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
    const { lastModified } = await storage.headObject(bucket, key)
    if (Date.now() - lastModified.getTime() > REFRESH_MS) await storage.putObject(bucket, key, body)
  } catch (error) {
    if (!isCode(error, 'E_STORAGE_NOT_FOUND')) throw error
    // Two executors may do this at once; the content is the same, so the loser has nothing to do.
    await storage.putObject(bucket, key, body, { ifNoneMatch: '*' }).catch((lost) => {
      if (!isCode(lost, 'E_STORAGE_EXISTS') && !isCode(lost, 'E_STORAGE_PRECONDITION')) throw lost
    })
  }
  return key
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof MayflyError && error.code === code
}
