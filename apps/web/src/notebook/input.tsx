'use client'
import { useEffect, useId, useRef, useState } from 'react'
import { announce } from '../lib/announce'
import { Button } from '../ui/button'
import { useServices } from './context'
import type { PendingInput } from './document'
import { useNotebook } from './store'

/** A question of the running cell, below it. Enter answers, Esc gives no answer; any tab may. */
export function CellInput({ id }: { id: string }) {
  const input = useNotebook((state) => (state.input?.cellId === id ? state.input : undefined))
  return input ? <Question key={input.header.msg_id} input={input} /> : null
}

function Question({ input }: { input: PendingInput }) {
  const { context } = useServices()
  const field = useRef<HTMLInputElement>(null)
  const yes = useRef<HTMLButtonElement>(null)
  const id = useId()
  const { text, confirm, fallback = '' } = questionOf(input)
  const [value, setValue] = useState('')
  const answer = (given: string | null) => context.session.answer(given)

  useEffect(() => {
    announce(`The cell asks: ${text}`, { urgent: true })
    // Who is typing elsewhere keeps the focus; everybody else may answer at once.
    const active = document.activeElement
    const typing = active?.closest('input, textarea, [contenteditable="true"], .monaco-editor, [role="dialog"]')
    const asking = active?.closest('[data-testid="cell"]')
    if (!typing || asking?.contains(yes.current ?? field.current)) (yes.current ?? field.current)?.focus()
  }, [text])

  const cancel = (event: React.KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    event.stopPropagation()
    answer(null)
  }
  return (
    <form
      data-testid="cell-input"
      aria-label="The cell asks"
      className="flex flex-wrap items-center gap-2 border-line border-t bg-warn-soft px-3 py-2 text-[13px]"
      onKeyDown={cancel}
      onSubmit={(event) => {
        event.preventDefault()
        answer(confirm ? 'y' : value)
      }}
    >
      <label htmlFor={confirm ? undefined : id} className="whitespace-pre-wrap font-medium">
        {text || 'Input'}
      </label>
      {confirm ? (
        <>
          <Button ref={yes} type="submit" tone="primary">
            Yes
          </Button>
          <Button onClick={() => answer('n')}>No</Button>
        </>
      ) : (
        <>
          <input
            ref={field}
            id={id}
            type={input.password ? 'password' : 'text'}
            autoComplete="off"
            spellCheck={false}
            placeholder={fallback}
            value={value}
            onChange={(event) => setValue(event.target.value)}
            className="h-8 min-w-48 grow rounded-md border border-control bg-surface px-2 font-mono text-ink placeholder:text-ink-2"
          />
          <Button type="submit" tone="primary">
            Answer
          </Button>
        </>
      )}
      <Button tone="quiet" onClick={() => answer(null)}>
        No answer
      </Button>
    </form>
  )
}

/** The question in words. Without the kernel's own account of it, what its text ends in tells a yes-or-no question. */
export function questionOf({ prompt, mayfly }: PendingInput): { text: string; confirm: boolean; fallback?: string } {
  if (mayfly) return { text: mayfly.prompt, confirm: mayfly.confirm, fallback: mayfly.default }
  const confirm = /\s*\[y\/n\]\s*$/i
  return { text: prompt.replace(confirm, ''), confirm: confirm.test(prompt) }
}
