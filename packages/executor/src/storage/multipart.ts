/** One object that comes in parts. */
import { type Body, bodyOf } from './body.js'
import type { ObjectInfo, Place, PutOptions, StorageDriver, UploadedPart } from './driver.js'
import { badUpload } from './errors.js'

/** Plain data that names an upload, for workers that send parts of it. */
export interface MultipartRef extends Place {
  uploadId: string
}

/** Nothing of the object is visible before `complete`. Parts but the last have at least 5 MiB on S3. */
export class MultipartUpload {
  readonly ref: MultipartRef
  readonly #driver: StorageDriver | Promise<StorageDriver>
  readonly #parts = new Map<number, UploadedPart>()

  constructor(driver: StorageDriver | Promise<StorageDriver>, ref: MultipartRef) {
    this.#driver = driver
    this.ref = ref
  }

  /** Sends part `number` (1 to 10,000, in any order); sent again it replaces the first. */
  async upload(number: number, body: Body): Promise<UploadedPart> {
    if (!Number.isInteger(number) || number < 1 || number > 10_000) {
      throw badUpload(this.ref, `${number} is not the number of a part`)
    }
    const bytes = bodyOf(body)
    const whole = bytes instanceof Uint8Array ? bytes : await gather(bytes)
    const part = await (await this.#driver).uploadPart(this.ref, this.ref.uploadId, number, whole)
    this.#parts.set(number, part)
    return part
  }

  /** Publishes the object: of the parts sent by this instance, or of those given, which other workers may have sent. */
  async complete(parts: Iterable<UploadedPart> = this.#parts.values(), options: PutOptions = {}): Promise<ObjectInfo> {
    const sorted = [...parts].sort((a, b) => a.number - b.number)
    const twice = sorted.find((part, i) => part.number === sorted[i + 1]?.number)
    if (twice) throw badUpload(this.ref, `part ${twice.number} is there twice`)
    return (await this.#driver).completeMultipart(this.ref, this.ref.uploadId, sorted, options)
  }

  /** Forgets the upload and what was sent. */
  async abort(): Promise<void> {
    await (await this.#driver).abortMultipart(this.ref, this.ref.uploadId)
  }
}

async function gather(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
