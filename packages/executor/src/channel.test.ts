import { expect, it } from 'vitest'
import { Channel } from './channel.js'

async function drain<T>(channel: Channel<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of channel) items.push(item)
  return items
}

it('delivers in order what was pushed before and while it is read', async () => {
  const channel = new Channel<number>()
  channel.push(1)
  channel.push(2)
  const reading = drain(channel)
  await Promise.resolve()
  channel.push(3)
  setTimeout(() => {
    channel.push(4)
    channel.push(5)
    channel.end()
    channel.push(6)
  }, 5)
  expect(await reading).toEqual([1, 2, 3, 4, 5])
})

it('forgets the rest when its reader leaves', async () => {
  const channel = new Channel<number>()
  for (const item of [1, 2, 3]) channel.push(item)
  for await (const item of channel) if (item === 1) break
  expect(await drain(channel)).toEqual([])
})
