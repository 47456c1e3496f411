import { describe, expect, it } from 'vitest'
import { type Death, explainDeath } from './death.js'

const death: Death = {
  ...{ code: null, signal: null, stderr: '', systemOom: false },
  ...{ runtimeMemory: undefined, heapLimit: undefined, peakRss: undefined },
}
const V8 = `
<--- Last few GCs --->
[123:0x1] 160 ms: Mark-Compact 62.4 (65.2) -> 61.9 (66.7) MB, pooled: 0 MB, 5.1 / 0.0 ms  (average mu = 0.4) allocation failure;
FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----
 1: 0xb8 node::Abort() [node]
`

describe('explainDeath', () => {
  it("knows V8's last words, however the process ended", () => {
    for (const end of [{ code: 134 }, { signal: 'SIGABRT' }, { code: 1 }]) {
      const { kind, error } = explainDeath({ ...death, ...end, stderr: V8, runtimeMemory: 64 }, 'M000-00001')
      expect(kind).toBe('oom')
      expect(error.message).toContain('limit 64 MB (runtimeMemory), peak 62 MB')
    }
  })

  it("tells the system's out-of-memory kill from any other SIGKILL", () => {
    const killed = { ...death, signal: 'SIGKILL', peakRss: 3e9 }
    expect(explainDeath({ ...killed, systemOom: true }, 'c')).toMatchObject({ kind: 'oom' })
    expect(explainDeath({ ...killed, systemOom: true }, 'c').error.message).toContain('peak 2861 MB')
    expect(explainDeath(killed, 'c')).toMatchObject({ kind: 'lost', error: { code: 'E_CALL_LOST' } })
  })

  it('calls a deliberate exit an error, a crash code a loss', () => {
    expect(explainDeath({ ...death, code: 0 }, 'c')).toMatchObject({ kind: 'error', error: { code: 'E_CALL_EXIT' } })
    expect(explainDeath({ ...death, code: 139 }, 'c')).toMatchObject({ kind: 'lost' })
  })

  it('quotes the last line that says something', () => {
    const stderr = 'Assertion `x > 0` failed.\n----- Native stack trace -----\n 1: 0xb8 node::Abort() [node]\n'
    expect(explainDeath({ ...death, signal: 'SIGABRT', stderr }, 'c').error.message).toContain(
      'Assertion `x > 0` failed.',
    )
  })
})
