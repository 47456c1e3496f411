/** The notebook's settings on their way to executors, in a real kernel. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, openKernel } from './fixtures/client.js'

let client: Client

beforeAll(async () => {
  client = await openKernel()
  await client.run("import { FunctionExecutor } from '@mayfly/executor'")
})
afterAll(() => client.kernel.shutdown())

const made = async () => {
  const { reply } = await client.run('new FunctionExecutor({ progress: false })')
  return reply.status === 'ok' ? 'made' : String(reply.evalue)
}

test('the next executor has them, without a restart', async () => {
  expect(await made()).toBe('made')
  client.kernel.configure({ backend: 'nowhere' })
  expect(await made()).toContain("There is no backend 'nowhere'")
  client.kernel.configure({ workers: 'many' })
  expect(await made()).toContain("notebook: FunctionExecutor: option 'workers'")
  client.kernel.configure({ workers: 2 })
  expect(await made()).toBe('made')
})

test('what the code says comes first', async () => {
  client.kernel.configure({ backend: 'nowhere' })
  const { text } = await client.run("new FunctionExecutor({ backend: 'localhost' }); 'made'")
  expect(text).toContain('made')
})

test('a restarted kernel has them too', async () => {
  client.kernel.configure({ backend: 'nowhere' })
  await client.kernel.restart()
  await client.run("import { FunctionExecutor } from '@mayfly/executor'")
  expect(await made()).toContain("There is no backend 'nowhere'")
})
