/**
 * The object partitioner: large objects become parts, one call each. `partition` finds and cuts, on the host; `openPart` reads
 * a part, on the worker.
 */
import { shippable } from '../closure/shippable.js'
import type { Storage } from '../storage/storage.js'
import { findObjects } from './find.js'
import { openPart } from './part.js'
import { checkOptions, cutObjects } from './plan.js'
import type { ObjectItem, ObjectPart, PartitionOptions } from './types.js'

export { DataPart, openPart } from './part.js'
export { isObjectPart, type ObjectItem, type ObjectPart, type PartitionOptions } from './types.js'

/**
 * The parts of all objects that the items name, in the order of the items and, within each, of the keys' bytes. Every byte of
 * an object is in exactly one of its parts. See `ObjectItem` for what an item may be.
 */
export async function partition(
  items: Iterable<ObjectItem> | ObjectItem,
  options: PartitionOptions & { storage: Storage },
): Promise<ObjectPart[]> {
  const { storage, ...how } = options
  checkOptions(how)
  const many = typeof items === 'object' && Symbol.iterator in items ? [...items] : [items as ObjectItem]
  return cutObjects(await findObjects(many, storage), how)
}

shippable(import.meta.url, { openPart, partition })
