import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Cell,
  type CellMessage,
  type CellState,
  durationOf,
  MOST_STREAM_CHARS,
  type Output,
  STREAM_CUT,
  transition,
} from './cells'
import { newCell } from './document'

const stream = (text: string, name: 'stdout' | 'stderr' = 'stdout'): Output => ({ output_type: 'stream', name, text })
const display = (displayId: string, value: unknown): Output => ({
  output_type: 'display_data',
  data: { 'text/plain': value },
  metadata: {},
  displayId,
})
const error: Output = { output_type: 'error', ename: 'TypeError', evalue: 'no', traceback: [] }

const fold = (messages: CellMessage[], cell: Cell = newCell('code', 'c')) => messages.reduce(transition, cell)
const begin: CellMessage[] = [
  { type: 'queued' },
  { type: 'busy', at: 1000 },
  { type: 'input', at: 1001, executionCount: 3 },
]
const end: CellMessage = { type: 'idle', at: 1500 }

describe('a cell that runs', () => {
  it('goes from queued over running to done, with count and duration', () => {
    expect(fold(begin.slice(0, 1)).state).toBe('queued')
    expect(fold(begin.slice(0, 2)).state).toBe('running')
    const done = fold([...begin, { type: 'output', output: stream('hi') }, end])
    expect(done).toMatchObject({ state: 'done', executionCount: 3, startedAt: 1000, finishedAt: 1500 })
    expect(durationOf(done, 9999)).toBe(500)
  })

  it('ends in error when it showed one, whatever the order of reply and idle', () => {
    const failed = [...begin, { type: 'output', output: error } as const]
    const reply: CellMessage = { type: 'reply', status: 'error', at: 1490 }
    expect(fold([...failed, end]).state).toBe('error')
    expect(fold([...failed, reply, end]).state).toBe('error')
    expect(fold([...begin, end, reply]).state).toBe('error')
  })

  it('keeps the old output until the new execution begins, marked stale', () => {
    const before = fold([...begin, { type: 'output', output: stream('old') }, end])
    const queued = transition(before, { type: 'queued' })
    expect(queued).toMatchObject({ stale: true, outputs: [stream('old')] })
    expect(fold(begin, before)).toMatchObject({ stale: false, outputs: [] })
  })

  it('is aborted when the kernel skips it, with or without a reply to this page', () => {
    expect(fold([{ type: 'queued' }, { type: 'reply', status: 'aborted', at: 5 }]).state).toBe('aborted')
    expect(fold([{ type: 'queued' }, { type: 'busy', at: 5 }, { type: 'idle', at: 6 }]).state).toBe('aborted')
  })

  it('takes output that comes after the end without running again', () => {
    expect(fold([...begin, end, { type: 'output', output: stream('late') }])).toMatchObject({
      state: 'done',
      outputs: [stream('late')],
    })
  })

  it('is aborted and its output stale when the kernel is lost', () => {
    const running = fold([...begin, { type: 'output', output: stream('half') }])
    expect(transition(running, { type: 'kernel.lost', at: 2000 })).toMatchObject({
      state: 'aborted',
      stale: true,
      finishedAt: 2000,
    })
    const untouched = newCell('code', 'c')
    expect(transition(untouched, { type: 'kernel.lost', at: 1 }).state).toBe('idle')
  })
})

describe('outputs', () => {
  it('merge when they are neighbours of one stream', () => {
    const cell = fold([
      ...begin,
      { type: 'output', output: stream('a') },
      { type: 'output', output: stream('b') },
      { type: 'output', output: stream('x', 'stderr') },
      { type: 'output', output: stream('c') },
    ])
    expect(cell.outputs).toEqual([stream('ab'), stream('x', 'stderr'), stream('c')])
  })

  it('of a loop that prints forever keep their end', () => {
    const megabyte = `${'x'.repeat(999)}\n`.repeat(1000)
    const flood = Array.from({ length: 12 }, (): CellMessage => ({ type: 'output', output: stream(megabyte) }))
    const [output] = fold([...begin, ...flood, { type: 'output', output: stream('last\n') }]).outputs
    const text = output!.output_type === 'stream' ? output!.text : ''
    expect(text.length).toBeLessThanOrEqual(MOST_STREAM_CHARS)
    expect(text.startsWith(STREAM_CUT)).toBe(true)
    expect(text.endsWith('x\nlast\n')).toBe(true)
  })

  it('are replaced in place by display id', () => {
    const cell = fold([
      ...begin,
      { type: 'output', output: display('p', 1) },
      { type: 'output', output: display('q', 1) },
      { type: 'update', displayId: 'p', data: { 'text/plain': 2 }, metadata: {} },
    ])
    expect(cell.outputs).toEqual([display('p', 2), display('q', 1)])
    expect(transition(cell, { type: 'update', displayId: 'none', data: {}, metadata: {} })).toBe(cell)
  })

  it('are cleared at once, or by the next output', () => {
    const shown = fold([...begin, { type: 'output', output: stream('a') }])
    expect(transition(shown, { type: 'clear', wait: false }).outputs).toEqual([])
    const waiting = transition(shown, { type: 'clear', wait: true })
    expect(waiting.outputs).toEqual([stream('a')])
    expect(transition(waiting, { type: 'output', output: stream('b') }).outputs).toEqual([stream('b')])
  })

  it('cleared by the user leave a cell as if it had never run, unless it runs now', () => {
    const done = fold([...begin, { type: 'output', output: stream('a') }, end])
    expect(transition(done, { type: 'outputs.cleared' })).toMatchObject({
      state: 'idle',
      outputs: [],
      executionCount: null,
    })
    expect(transition(fold(begin), { type: 'outputs.cleared' }).state).toBe('running')
  })
})

const at = fc.integer({ min: 0, max: 1e6 })
const anyMessage: fc.Arbitrary<CellMessage> = fc.oneof(
  fc.constant<CellMessage>({ type: 'queued' }),
  at.map((at): CellMessage => ({ type: 'busy', at })),
  at.map((at): CellMessage => ({ type: 'input', at, executionCount: 1 })),
  fc
    .constantFrom(stream('a'), stream('b', 'stderr'), error, display('p', 1))
    .map((output): CellMessage => ({ type: 'output', output })),
  fc.constant<CellMessage>({ type: 'update', displayId: 'p', data: {}, metadata: {} }),
  fc.boolean().map((wait): CellMessage => ({ type: 'clear', wait })),
  fc
    .record({ status: fc.constantFrom('ok' as const, 'error' as const, 'aborted' as const), at })
    .map((reply): CellMessage => ({ type: 'reply', ...reply })),
  at.map((at): CellMessage => ({ type: 'idle', at })),
  at.map((at): CellMessage => ({ type: 'kernel.lost', at })),
  fc.constant<CellMessage>({ type: 'outputs.cleared' }),
)

describe('any order of messages', () => {
  it('leaves a cell in a state with no contradiction, and never changes the cell it was given', () => {
    const states: CellState[] = ['idle', 'queued', 'running', 'done', 'error', 'aborted']
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 40 }), (messages) => {
        let cell = newCell('code', 'c')
        for (const message of messages) {
          const before = structuredClone(cell)
          const next = transition(cell, message)
          expect(cell).toEqual(before)
          cell = next
        }
        expect(states).toContain(cell.state)
        if (cell.state === 'running') expect(cell.finishedAt).toBeUndefined()
        if (cell.state === 'done') expect(cell.failed && cell.entered && cell.startedAt === undefined).toBe(false)
        const neighbours = cell.outputs.slice(1).filter((output, i) => {
          const previous = cell.outputs[i]!
          return output.output_type === 'stream' && previous.output_type === 'stream' && output.name === previous.name
        })
        expect(neighbours).toEqual([])
      }),
    )
  })

  it('always comes to an end with idle, once it has begun', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 30 }), (messages) => {
        const cell = fold([...messages, ...begin, end])
        expect(cell.state).toBe('done')
      }),
    )
  })
})
