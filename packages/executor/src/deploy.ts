/** Puts a shipment into storage, content-addressed: code and data that are there already are not written again. */
import type { CodeRef } from './backends/backend.js'
import type { Shipment } from './closure/index.js'
import { MayflyError } from './errors.js'
import type { Storage } from './storage/storage.js'

/** Writes what is missing and says where everything is. */
export async function deployCode(shipment: Shipment, storage: Storage): Promise<CodeRef> {
  const { codeHash, dataHash } = shipment
  const [codeFile, dataFile, ...blobFiles] = await Promise.all([
    ensure(storage, `code/${codeHash}.mjs`, shipment.code),
    ensure(storage, `data/${dataHash}.bin`, shipment.data),
    ...shipment.blobs.map(({ hash, bytes }) => ensure(storage, `data/${hash}.bin`, bytes)),
  ])
  return { hash: `${codeHash}-${dataHash}`, codeFile: codeFile!, dataFile: dataFile!, blobFiles }
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
  return storage.path(bucket, key)
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof MayflyError && error.code === code
}
