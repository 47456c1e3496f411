/**
 * A reference to an object in storage: the way to hand large data from one stage to the next without taking it through
 * the caller. It is a plain value, so it survives every kind of serialization.
 */
export interface CloudObject {
  readonly type: 'CloudObject'
  readonly backend: string
  readonly bucket: string
  readonly key: string
  /** Bytes. */
  readonly size: number
}

export function isCloudObject(value: unknown): value is CloudObject {
  const candidate = value as Partial<CloudObject> | null
  return typeof candidate === 'object' && candidate?.type === 'CloudObject' && typeof candidate.key === 'string'
}
