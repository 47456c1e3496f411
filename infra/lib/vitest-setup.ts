/**
 * Conditions are waited for as long as a busy machine may need, and so are tests: a poll that gives up after a second is a red run
 * for nothing.
 *
 * Property tests draw the same cases every time, so that a red run can be repeated and a green one stays green.
 * `FC_SEED=random npx vitest run` draws new ones, `FC_SEED=123` those of a seed that failed.
 */
import fc from 'fast-check'
import { vi } from 'vitest'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 30_000 } } })

const wanted = process.env.FC_SEED ?? '20261121'
fc.configureGlobal(wanted === 'random' ? {} : { seed: Number(wanted) })
