/**
 * `npm run deploy:aws`: what Mayfly needs in an AWS account. Installs the CDK beside this file, synthesizes and checks the stack,
 * shows the differences and what the examples cost, deploys with the pinned CLI, and prints the section for mayfly.config.json.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { checkNode, install } from '../lib/install.mjs'
import { unlessFresh } from '../lib/stale.mjs'
import { bin, fail, ROOT, run, step } from '../lib/steps.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
/** The newest CLI of the line that reads what aws-cdk-lib 2.276 writes; 3.0.0 does not. */
const CLI = 'aws-cdk@2.1148.1'

const USAGE = `npm run deploy:aws -- --region eu-central-1 [options]

  --region REGION        where; default AWS_REGION
  --profile NAME         a profile of ~/.aws; default: where AWS's tools look
  --name mayfly          name of the stack and of the functions (NAME-512 …)
  --memory 512,1024,…    sizes of functions, MB
  --architecture x86_64 | arm64
  --runtime nodejs24.x | nodejs22.x
  --concurrency N        calls at once that each function has for itself and never exceeds
  --prefixes a/,b/       more keys of the bucket that functions and callers may use
  --email ADDRESS        who hears when the month's money is being spent
  --budget USD           how much that is; default 20
  --yes                  deploys without asking
  --dry-run              synthesizes and checks only: needs neither network nor credentials
`

const text = { type: 'string' }
const OPTIONS = {
  ...{ region: text, profile: text, name: text, memory: text, architecture: text, runtime: text, concurrency: text },
  ...{ prefixes: text, email: text, budget: text },
  ...{ yes: { type: 'boolean' }, 'dry-run': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
}

/** What was typed as what the stack takes; it checks the rest. */
function given(values, prefixes) {
  const {
    region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION,
    name,
    architecture,
    runtime,
    email,
  } = values
  const list = (value) => value.split(',').map((part) => part.trim())
  const all = {
    ...{ region, name, architecture, runtime, email },
    ...(values.memory ? { memory: list(values.memory).map(Number) } : {}),
    ...(values.concurrency ? { concurrency: Number(values.concurrency) } : {}),
    ...(values.budget ? { budget: Number(values.budget) } : {}),
    ...(values.prefixes ? { prefixes: [...prefixes, ...list(values.prefixes)] } : {}),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** Prepares everything that this script imports. */
async function ready() {
  checkNode()
  await install()
  await install(HERE, 'Install the CDK')
  const tsc = (...args) => run(process.execPath, [bin('typescript', 'bin/tsc'), ...args])
  await step('Build', async () => {
    await tsc('-b', 'packages/executor')
    await unlessFresh('infra-aws', ['infra/aws/src', 'infra/aws/tsconfig.json'], 'infra/aws/dist/synth.js', () =>
      tsc('-p', HERE),
    )
  })
}

/** Says where the credentials come from; throws when there are none. */
async function checkCredentials(region, profile) {
  // As the executor has it: which release of the SDK is used is pinned.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { LambdaClient } = await import('@aws-sdk/client-lambda')
  const { sourceName } = await import('@mayfly/executor/doctor')
  const client = new LambdaClient({ region, ...(profile ? { profile } : {}) })
  const { $source = {} } = await client.config.credentials()
  process.stdout.write(`Credentials: ${sourceName(Object.keys($source), profile)}\n`)
  client.destroy()
}

function cdk(args, { profile, assembly }) {
  return run(
    'npx',
    ['--yes', CLI, ...args, '--app', assembly, '--no-notices', ...(profile ? ['--profile', profile] : [])],
    {
      ...{ cwd: ROOT, quiet: false, ask: true },
      env: { CDK_DISABLE_CLI_TELEMETRY: 'true' },
    },
  )
}

async function main() {
  const { values } = parseArgs({ options: OPTIONS })
  if (values.help) return void process.stdout.write(USAGE)
  await ready()
  const dist = (file) => import(pathToFileURL(join(HERE, 'dist', file)).href)
  const [{ synthesize }, { PREFIXES }, { section }, { priceLines }] = await Promise.all(
    ['synth.js', 'settings.js', 'section.js', 'price.js'].map(dist),
  )
  const options = given(values, PREFIXES)
  if (!values['dry-run']) await checkCredentials(options.region, values.profile)
  const folder = join(HERE, 'dist', 'deploy')
  mkdirSync(folder, { recursive: true })
  const made = await step('Synthesize and check', () => synthesize(options, folder))
  const { settings, assembly, resources } = made
  const what = Object.entries(resources).map(([type, count]) => `  ${String(count).padStart(2)} ${type}`)
  process.stdout.write(`Stack ${settings.name} in ${settings.region}, worker ${made.worker}:\n${what.join('\n')}\n`)
  process.stdout.write(`What is there costs nothing while nobody calls, but the data in the bucket.\n`)
  process.stdout.write(`${priceLines(settings.architecture).join('\n  ')}\n`)
  if (!settings.email) process.stdout.write('No budget alarm: give --email to have one.\n')

  const show = (outputs) =>
    process.stdout.write(
      `For mayfly.config.json:\n${JSON.stringify(section(settings, outputs, values.profile), null, 2)}\n`,
    )
  if (values['dry-run']) return show({ Bucket: '(made when it is deployed)' })

  const where = { profile: values.profile, assembly }
  await step('Bootstrap the region for the CDK', () => cdk(['bootstrap'], where))
  await cdk(['diff'], where)
  const file = join(folder, 'outputs.json')
  await cdk(['deploy', '--outputs-file', file, '--require-approval', values.yes ? 'never' : 'any-change'], where)
  const outputs = JSON.parse(readFileSync(file, 'utf8'))[settings.name]
  show(outputs)
  process.stdout.write(
    [
      `\nWho runs notebooks needs no more rights than the policy ${outputs.CallerPolicy}.`,
      'Check: npx mayfly doctor aws',
      'Use: choose AWS Lambda in the toolbar of a notebook, or add "backend": "aws_lambda" to the file for all.\n',
    ].join('\n'),
  )
}

await main().catch((error) => {
  if (error.name === 'CredentialsProviderError') {
    process.stderr.write(`\n${error.message}\n  → aws configure sso, aws configure, or --profile NAME\n`)
    process.exitCode = 1
    return
  }
  if (error.name !== 'WrongOption' && !error.code?.startsWith('ERR_PARSE_ARGS')) return fail(error)
  process.stderr.write(`${error.message}\n\n${USAGE}`)
  process.exitCode = 2
})
