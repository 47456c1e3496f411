/** `npm start`: installs and builds what is stale, starts runner and web on loopback, prints one URL, ends on Ctrl+C. */
import { build } from './build.mjs'
import { checkNode, install } from './lib/install.mjs'
import { startProduct } from './lib/servers.mjs'
import { fail } from './lib/steps.mjs'

const dev = process.argv.includes('--dev')

async function main() {
  checkNode()
  await install()
  await build()
  const product = await startProduct({ dev })
  process.stdout.write(`\n  Mayfly is ready: ${product.url}\n  Ctrl+C stops it.\n\n`)
  const signal = new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, () => resolve(name))
  })
  const first = await Promise.race([signal, product.ended])
  if (typeof first === 'object') process.stderr.write(`The ${first.name} ended with ${first.how}; stopping.\n`)
  await product.stop()
  process.exit(typeof first === 'object' ? 1 : 0)
}

await main().catch((error) => {
  fail(error)
  process.exit(1)
})
