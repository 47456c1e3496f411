/** Objects as Node streams. */
import { PassThrough, Readable, Writable } from 'node:stream'

/** Opens the object with the first read, and reads no faster than its consumer. */
export function reader(open: () => Promise<AsyncIterable<Uint8Array>>): Readable {
  async function* chunks() {
    yield* await open()
  }
  return Readable.from(chunks(), { objectMode: false })
}

/**
 * Passes what is written to `publish`, which reads it as a stream. The stream has finished when the object is published; destroying
 * it makes the source fail, and with it the publishing.
 */
export function writer(publish: (source: AsyncIterable<Uint8Array>) => Promise<unknown>): Writable {
  const pipe = new PassThrough()
  const published = publish(pipe)
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      if (pipe.write(chunk)) done()
      else pipe.once('drain', done)
    },
    final(done) {
      pipe.end()
      published.then(() => done(), done)
    },
    destroy(error, done) {
      // Of no effect when all was read.
      pipe.destroy(error ?? new Error('The stream was destroyed before its end'))
      published.then(
        () => done(error),
        () => done(error),
      )
    },
  })
  // What goes wrong before the end is the stream's error at once, so that a waiting writer does not wait for ever.
  published.catch((error: Error) => stream.destroy(error))
  pipe.on('error', () => undefined)
  return stream
}
