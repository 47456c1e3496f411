/** The errors of calls that end without an answer of the function. */
import type { ErrorValue, FailureKind } from './errors.js'

/** Why a call that never got an answer has failed. */
export function endError(kind: FailureKind, callId: string): ErrorValue {
  if (kind === 'budget') {
    return {
      name: 'BudgetExhausted',
      code: 'E_CALL_BUDGET',
      message: `Call ${callId} was not made: its worst case costs more than the budget has left`,
      hint: 'Raise budget.usd, or lower timeout or runtimeMemory: what an attempt can cost at worst is set aside before it starts.',
    }
  }
  return { name: 'Cancelled', code: 'E_CALL_CANCELLED', message: `Call ${callId} was cancelled` }
}

/** `how`: what was seen of the worker. */
export function lostError(callId: string, how: string): ErrorValue {
  return {
    name: 'WorkerLost',
    code: 'E_CALL_LOST',
    message: `The worker of call ${callId} ${how}`,
    hint: 'The process was stopped, or its machine is gone, unreachable, or out of memory and swapping.',
  }
}
