/**
 * `mayfly runtime`: what calls run on. Here that is Node and the worker bundle of this installation; nothing has to be built or
 * deployed, and the commands say so, so that scripts written for a cloud backend run here as well.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { configInForce } from '../config/resolve.js'
import { MayflyError } from '../errors.js'
import { FunctionExecutor } from '../executor.js'
import { type Command, numberOf, readArgs, wrongUse } from './args.js'
import { homeInForce } from './runs.js'
import { textTable } from './text.js'

export const runtime: Command = {
  usage: `mayfly runtime deploy [--memory MB] [--backend NAME]   makes the runtime ready, and remembers what is in it
mayfly runtime list [--json]                          runtimes that were deployed from here
mayfly runtime update [--memory MB] [--backend NAME]  the same again, after an upgrade
mayfly runtime delete NAME                            on Lambda with all functions of the prefix
mayfly runtime build                                  on localhost there is nothing to build
`,
  run([verb, ...args]) {
    if (verb === 'deploy' || verb === 'update') return deploy(args)
    if (verb === 'list' || verb === undefined) return list(args)
    if (verb === 'delete') return remove(args)
    if (verb === 'build') return build(args)
    throw wrongUse(`unknown command 'runtime ${verb}'`)
  },
}

/** What is known of a deployed runtime. */
export interface RuntimeRecord {
  name: string
  backend: string
  /** MB, null without a limit. */
  memory: number | null
  node: string
  platform: string
  deployedAt: string
}

const folder = () => join(homeInForce(), 'runtimes')
const NAME = /^[\w.-]{1,100}$/

async function deploy(args: string[]): Promise<number> {
  const { values } = readArgs(args, { memory: { type: 'string' }, backend: { type: 'string' } })
  const memory = numberOf(values.memory, '--memory', { min: 32, max: 1_048_576 })
  await using executor = new FunctionExecutor({
    ...{ progress: false, name: 'mayfly runtime' },
    ...(values.backend === undefined ? {} : { backend: values.backend }),
    ...(memory === undefined ? {} : { runtimeMemory: memory }),
  })
  // Asked of a worker itself: what is written down is what calls will find.
  const look = () => ({ node: process.versions.node, platform: `${process.platform}-${process.arch}` })
  const found = await executor.getResult(executor.callAsync(look))
  const backend = executor.backend
  const name = [backend, `node${found.node.split('.')[0]}`, ...(memory === undefined ? [] : [`${memory}MB`])].join('-')
  const record: RuntimeRecord = {
    name,
    backend,
    memory: memory ?? null,
    ...found,
    deployedAt: new Date().toISOString(),
  }
  await mkdir(folder(), { recursive: true })
  await writeFile(join(folder(), `${name}.json`), `${JSON.stringify(record, null, 2)}\n`)
  process.stdout.write(`${name}: Node ${found.node} on ${found.platform}\n`)
  return 0
}

async function list(args: string[]): Promise<number> {
  const { values } = readArgs(args, { json: { type: 'boolean' } })
  const names = existsSync(folder()) ? (await readdir(folder())).filter((name) => name.endsWith('.json')) : []
  const records = await Promise.all(
    names.map(async (name): Promise<RuntimeRecord> => JSON.parse(await readFile(join(folder(), name), 'utf8'))),
  )
  if (values.json) process.stdout.write(`${JSON.stringify(records, null, 2)}\n`)
  else if (records.length === 0)
    process.stdout.write('No runtime was deployed from here. `npx mayfly runtime deploy` makes one.\n')
  else {
    const rows = records.map((one) => [
      one.name,
      one.backend,
      one.memory ?? '–',
      one.node,
      one.platform,
      one.deployedAt,
    ])
    process.stdout.write(`${textTable(['runtime', 'backend', 'MB', 'Node', 'platform', 'deployed'], rows)}\n`)
  }
  return 0
}

async function build(args: string[]): Promise<number> {
  readArgs(args, {})
  process.stdout.write('Nothing to build: on localhost workers run the code of this installation.\n')
  return 0
}

async function remove(args: string[]): Promise<number> {
  const name = readArgs(args, {}, [1, 1]).positionals[0]!
  const file = join(folder(), `${name}.json`)
  if (!NAME.test(name) || !existsSync(file)) {
    throw new MayflyError('E_NOT_FOUND', `no runtime ${name}`, { hint: '`npx mayfly runtime list` names them.' })
  }
  const { backend }: RuntimeRecord = JSON.parse(await readFile(file, 'utf8'))
  if (backend === 'aws_lambda') {
    const { AwsLambdaBackend } = await import('../backends/aws-lambda/index.js')
    const lambda = new AwsLambdaBackend(1, configInForce().options.aws_lambda)
    const gone = await lambda.deleteRuntimes().finally(() => lambda.close())
    for (const one of gone) process.stdout.write(`function ${one} deleted\n`)
  }
  await rm(file)
  process.stdout.write(`${name} deleted\n`)
  return 0
}
