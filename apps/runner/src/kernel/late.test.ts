import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, NODES, openKernel } from './fixtures/client.js'

/** What a cell does late, and what of it is shown where: under the cell itself, or (`far`) under it only where contexts are followed. */
const CASES: { name: string; code: string; shows: RegExp; far?: boolean }[] = [
  { name: 'a timer', code: 'setTimeout(() => console.log("late 1"), 20)', shows: /late 1/ },
  { name: 'a helper handed to a timer', code: 'setTimeout(helper, 20)', shows: /helper/, far: true },
  { name: 'a helper handed to a tick', code: 'process.nextTick(helper); await 0', shows: /helper/, far: true },
  { name: 'a helper called by a timer', code: 'setTimeout(() => helper(), 20)', shows: /helper/ },
  { name: 'an async helper', code: 'void later()', shows: /later/, far: true },
  { name: 'a display', code: 'setTimeout(() => display("shown"), 20)', shows: /shown/ },
  {
    name: 'a throw',
    code: 'setTimeout(() => { throw new Error("late throw") }, 20)',
    shows: /Uncaught Error: late throw/,
  },
  { name: 'a helper that throws', code: 'setTimeout(thrower, 20)', shows: /Uncaught Error: by helper/, far: true },
  {
    name: 'a rejection',
    code: 'setTimeout(() => Promise.reject(new Error("no")), 20)',
    shows: /in promise\) Error: no/,
  },
  { name: 'a rejected value', code: 'Promise.reject(5); 0', shows: /in promise\) Thrown: 5/ },
  {
    name: 'an async function',
    code: 'void (async () => { await sleep(20); throw new Error("async") })()',
    shows: /Error: async/,
  },
  {
    name: 'an emitter',
    code: 'const e = new Emitter(); e.on("x", () => console.log("heard")); setTimeout(() => e.emit("x"), 20)',
    shows: /heard/,
  },
]

describe.for(NODES)('late output on %s', ([version, nodePath]) => {
  const exact = Number.parseInt(version.slice(1), 10) >= 24
  let client: Client
  beforeAll(async () => {
    client = await openKernel({ nodePath })
    await client.run(`import { EventEmitter as Emitter } from 'node:events'
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms))
const helper = () => console.log('helper'), thrower = () => { throw new Error('by helper') }
const later = async () => { await sleep(20); console.log('later') }`)
  })
  afterAll(() => client.kernel.shutdown())

  test.for(CASES.filter(({ far }) => exact || !far))('$name is shown under its cell', async ({ code, shows }) => {
    const cell = client.start(code)
    const { cellId } = (await cell.until(({ header }) => header.msg_type === 'execute_input')).metadata
    await cell.result
    const another = client.run('await sleep(60); console.log("another")')
    const shown = await cell.until(({ content }) => shows.test(JSON.stringify(content.data ?? content.text ?? '')))
    expect(shown.metadata.cellId).toBe(cellId)
    expect((await another).text).toBe('another\n')
  })
})
