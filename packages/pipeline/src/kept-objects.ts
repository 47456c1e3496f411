/** Objects inside results that were kept: finding them, and whether they are still there. */
import { type CloudObject, isCloudObject, type Storage } from '@mayfly/executor'

/** Rejects when an object inside the value is gone. */
export async function allThere(storage: Storage, value: unknown): Promise<void> {
  await Promise.all(cloudObjects(value).map((object) => storage.headObject(object.bucket, object.key)))
}

/** What is not there, torn, or points to objects that were removed, is computed again; other errors are told. */
export function unlessMissing(error: unknown): undefined {
  const { code } = error as { code?: unknown }
  if (code !== 'E_STORAGE_NOT_FOUND' && code !== undefined) throw error
  return undefined
}

/** Every cloud object inside a value. */
export function cloudObjects(value: unknown): CloudObject[] {
  if (isCloudObject(value)) return [value]
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Object.values(value).flatMap(cloudObjects)
}
