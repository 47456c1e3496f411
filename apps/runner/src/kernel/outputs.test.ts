import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { makeHeader } from './messages.js'
import { applyOutput, type NbOutput } from './outputs.js'

const message = (type: string, content: Record<string, unknown>) => ({ header: makeHeader(type, 's'), content })
const stream = (name: string, text: string) => message('stream', { name, text })
const fold = (...messages: ReturnType<typeof message>[]) => messages.reduce(applyOutput, [] as NbOutput[])

describe('applyOutput', () => {
  test('neighbouring streams of one name merge, however they were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('stdout', 'stderr'), fc.string())), (writes) => {
        const outputs = fold(...writes.map(([name, text]) => stream(name, text))) as Extract<
          NbOutput,
          { name: string }
        >[]
        expect(outputs.map(({ text }) => text).join('')).toBe(writes.map(([, text]) => text).join(''))
        for (let i = 1; i < outputs.length; i++) expect(outputs[i]!.name).not.toBe(outputs[i - 1]!.name)
      }),
    )
  })

  test('the given list is not changed, and is itself returned for what is no output', () => {
    const before = Object.freeze(fold(stream('stdout', 'a'))) as NbOutput[]
    expect(applyOutput(before, message('status', { execution_state: 'idle' }))).toBe(before)
    expect(applyOutput(before, stream('stdout', 'b'))).toEqual([{ output_type: 'stream', name: 'stdout', text: 'ab' }])
    expect(before).toHaveLength(1)
  })

  test('updates reach every output of their display id, and no other', () => {
    const show = (id: string) =>
      message('display_data', { data: { 'text/plain': '0' }, metadata: {}, transient: { display_id: id } })
    const update = message('update_display_data', {
      data: { 'text/plain': '1' },
      metadata: {},
      transient: { display_id: 'x' },
    })
    const data = fold(show('x'), show('y'), show('x'), update).map(
      (output) => 'data' in output && output.data['text/plain'],
    )
    expect(data).toEqual(['1', '0', '1'])
  })

  test('clear_output clears now, or with the next output', () => {
    expect(fold(stream('stdout', 'a'), message('clear_output', { wait: false }))).toEqual([])
    const waiting = fold(stream('stdout', 'a'), message('clear_output', { wait: true }))
    expect(waiting).toHaveLength(1)
    expect(applyOutput(waiting, stream('stdout', 'b'))).toEqual([{ output_type: 'stream', name: 'stdout', text: 'b' }])
  })
})
