/** `mayfly storage`: objects by hand, with the words of `lithops storage`. */
import { createWriteStream } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { configInForce } from '../config/resolve.js'
import { type ObjectInfo, openStorage, type Storage } from '../storage/storage.js'
import { type Command, readArgs, wrongUse } from './args.js'
import { homeInForce } from './runs.js'
import { bytes, textTable } from './text.js'

export const storage: Command = {
  usage: `mayfly storage put FILE BUCKET [-k KEY]            the file's name is the key unless another is given
mayfly storage get BUCKET KEY [-o FILE]            to a file, else to standard output
mayfly storage list BUCKET [-p PREFIX] [--json]
mayfly storage delete BUCKET KEY…                  or --prefix PREFIX for all that begin with it
`,
  run([verb, ...args]) {
    if (verb === 'put') return put(args)
    if (verb === 'get') return get(args)
    if (verb === 'list') return list(args)
    if (verb === 'delete') return remove(args)
    throw wrongUse(verb === undefined ? 'which one: put, get, list or delete?' : `unknown command 'storage ${verb}'`)
  },
}

function open(): Storage {
  return openStorage(configInForce().options.storage, homeInForce())
}

async function put(args: string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { key: { type: 'string', short: 'k' } }, [2, 2])
  const [file, bucket] = positionals as [string, string]
  const { key, size } = await open().uploadFile(file, bucket, values.key ?? basename(file))
  process.stdout.write(`${bucket}/${key}  ${bytes(size)}\n`)
  return 0
}

async function get(args: string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { output: { type: 'string', short: 'o' } }, [2, 2])
  const [bucket, key] = positionals as [string, string]
  if (values.output) await open().downloadFile(bucket, key, values.output)
  else
    await pipeline(
      Readable.from(await open().streamObject(bucket, key)),
      createWriteStream('', { fd: 1, autoClose: false }),
    )
  return 0
}

async function list(args: string[]): Promise<number> {
  const { values, positionals } = readArgs(
    args,
    { prefix: { type: 'string', short: 'p' }, json: { type: 'boolean' } },
    [1, 1],
  )
  const objects: ObjectInfo[] = []
  for await (const object of open().list(positionals[0]!, values.prefix)) objects.push(object)
  if (values.json) process.stdout.write(`${JSON.stringify(objects, null, 2)}\n`)
  else if (objects.length === 0) process.stdout.write('No objects.\n')
  else {
    const rows = objects.map(({ key, size, lastModified }) => [key, bytes(size), lastModified.toISOString()])
    process.stdout.write(`${textTable(['key', 'size', 'modified'], rows)}\n`)
  }
  return 0
}

async function remove(args: string[]): Promise<number> {
  const { values, positionals } = readArgs(args, { prefix: { type: 'string', short: 'p' } }, [
    1,
    Number.MAX_SAFE_INTEGER,
  ])
  const [bucket, ...keys] = positionals as [string, ...string[]]
  if (keys.length === 0 && values.prefix === undefined) throw wrongUse('name the keys, or a --prefix')
  const place = open()
  const doomed = values.prefix === undefined ? keys : [...keys, ...(await place.listKeys(bucket, values.prefix))]
  await place.deleteObjects(bucket, doomed)
  process.stdout.write(`${doomed.length} deleted\n`)
  return 0
}
