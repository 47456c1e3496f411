/** `mayfly test`: whether calls and storage work as they should where the configuration says they are. */
import { randomBytes } from 'node:crypto'
import { CallError } from '../call-error.js'
import { formatError, MayflyError, toErrorValue } from '../errors.js'
import { FunctionExecutor } from '../executor.js'
import { type Command, readArgs } from './args.js'
import { duration } from './text.js'

export const selfTest: Command = {
  usage: `mayfly test [--backend NAME] [--storage NAME] [--keep-going]

Makes calls and uses storage in every basic way on the configured backend, and says of each whether it worked.
Exit code 1 when one did not.

  --backend NAME   instead of the configured one
  --storage NAME   instead of the configured one
  --keep-going     goes on after the first that did not work
`,
  async run(args) {
    const text = { type: 'string' } as const
    const { values } = readArgs(args, { backend: text, storage: text, 'keep-going': { type: 'boolean' } })
    const options = {
      ...{ progress: false, name: 'mayfly test' },
      ...(values.backend === undefined ? {} : { backend: values.backend }),
      ...(values.storage === undefined ? {} : { storage: values.storage }),
    }
    await using executor = new FunctionExecutor(options)
    let bad = 0
    for (const [name, check] of Object.entries(CHECKS)) {
      if (!(await report(name, () => check(executor)))) bad++
      if (bad > 0 && !values['keep-going']) break
    }
    await executor.clean()
    process.stdout.write(bad === 0 ? 'Everything works.\n' : `${bad} did not work.\n`)
    return bad === 0 ? 0 : 1
  },
}

async function report(name: string, check: () => Promise<void>): Promise<boolean> {
  const began = performance.now()
  try {
    await check()
    process.stdout.write(`✓ ${name}  ${duration(performance.now() - began)}\n`)
    return true
  } catch (error) {
    process.stdout.write(`✗ ${name}\n    ${formatError(toErrorValue(error)).replaceAll('\n', '\n    ')}\n`)
    return false
  }
}

function expectSame(found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new MayflyError('E_TEST', `expected ${b}, got ${a}`)
}

const CHECKS: Record<string, (executor: FunctionExecutor) => Promise<void>> = {
  'a call': async (executor) => {
    expectSame(await executor.getResult(executor.callAsync((n: number) => n + 1, 41)), 42)
  },
  'a map with captured variables': async (executor) => {
    const factor = 3
    expectSame(await executor.getResult(executor.map((n: number) => n * factor, [1, 2, 3])), [3, 6, 9])
  },
  'results in the order of the items, undefined among them': async (executor) => {
    const found = await executor.getResult(executor.map((n: number) => (n === 2 ? undefined : n), [1, 2, 3]))
    expectSame([found.length, found[0], found[1] === undefined, found[2]], [3, 1, true, 3])
  },
  'an error of the function comes back with its call': async (executor) => {
    const fail = (n: number) => {
      if (n === 1) throw new RangeError('as it should')
      return n
    }
    const outcomes = await executor.settled(executor.map(fail, [0, 1]))
    const [good, bad] = outcomes
    expectSame(good?.status, 'fulfilled')
    const reason = bad?.status === 'rejected' ? bad.reason : undefined
    expectSame([reason instanceof CallError, reason?.message.includes('as it should')], [true, true])
  },
  'extra environment and logs': async (executor) => {
    const look = () => process.env.MAYFLY_SELF_TEST
    expectSame(
      await executor.getResult(executor.callAsync(look, 0, { extraEnv: { MAYFLY_SELF_TEST: 'here' } })),
      'here',
    )
  },
  'a large item and a large result': async (executor) => {
    const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length / 2)
    const bytes = randomBytes(4_000_000)
    const found = await executor.getResult(executor.callAsync(half, new Uint8Array(bytes)))
    expectSame(Buffer.compare(found, bytes.subarray(0, 2_000_000)), 0)
  },
  'objects: put, list, range, conditional put, delete': async ({ storage }) => {
    const { bucket } = storage
    const prefix = `self-test/${randomBytes(6).toString('hex')}`
    const key = `${prefix}/a`
    await storage.putObject(bucket, key, 'hello', { ifNoneMatch: '*' })
    const second = await storage.putObject(bucket, key, 'other', { ifNoneMatch: '*' }).catch(toErrorValue)
    expectSame('code' in second ? second.code : 'no error', 'E_STORAGE_EXISTS')
    expectSame(await storage.listKeys(bucket, `${prefix}/`), [key])
    const range = await storage.getObject(bucket, key, { range: { start: 1, end: 3 } })
    expectSame(new TextDecoder().decode(range), 'ell')
    await storage.deleteObjects(bucket, [key])
    expectSame(await storage.listKeys(bucket, `${prefix}/`), [])
  },
  'storage from inside a call': async (executor) => {
    const { storage } = executor
    const object = await executor.getResult(
      executor.callAsync((text: string, ctx) => ctx.storage.putCloudObject(text), 'from a worker'),
    )
    expectSame(new TextDecoder().decode(await storage.getCloudObject(object)), 'from a worker')
    await storage.deleteCloudObject(object)
  },
}
