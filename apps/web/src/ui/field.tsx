import { type ComponentProps, type ReactNode, useId } from 'react'
import { cx } from '../lib/cx'

const CONTROL =
  'h-8 w-full rounded-md border border-control bg-surface px-2 text-[13px] text-ink placeholder:text-ink-2 disabled:cursor-not-allowed disabled:opacity-60 aria-invalid:border-bad'

interface FieldProps {
  label: string
  /** Stands at the end of the line of the label, for example where the value comes from. */
  aside?: ReactNode
  hint?: ReactNode
  /** What is wrong with the value. */
  error?: string | undefined
}

function Labelled({ label, aside, hint, error, children }: FieldProps & { children: (ids: FieldIds) => ReactNode }) {
  const id = useId()
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`]
  const described = [hint ? hintId : '', error ? errorId : ''].filter(Boolean).join(' ')
  return (
    <div>
      <div className="mb-1 flex items-baseline gap-2">
        <label htmlFor={id} className="shrink-0 font-medium">
          {label}
        </label>
        {aside && <span className="ml-auto truncate text-ink-2 text-xs">{aside}</span>}
      </div>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <p id={hintId} className="mt-1 text-ink-2 text-xs">
          {hint}
        </p>
      )}
      {error && (
        <p id={errorId} role="alert" className="mt-1 text-bad text-xs">
          {error}
        </p>
      )}
    </div>
  )
}

interface FieldIds {
  id: string
  'aria-describedby': string | undefined
  'aria-invalid': true | undefined
}

/** A line of text or a number, with its label, a hint and what is wrong with it. */
export function TextField({ label, aside, hint, error, className, ...input }: FieldProps & ComponentProps<'input'>) {
  return (
    <Labelled {...{ label, aside, hint, error }}>
      {(ids) => <input {...ids} {...input} className={cx(CONTROL, className)} />}
    </Labelled>
  )
}

/** A choice of few. */
export function SelectField({
  label,
  aside,
  hint,
  error,
  className,
  ...select
}: FieldProps & ComponentProps<'select'>) {
  return (
    <Labelled {...{ label, aside, hint, error }}>
      {(ids) => <select {...ids} {...select} className={cx(CONTROL, className)} />}
    </Labelled>
  )
}

/** One of several, with a line of explanation; `name` ties those of a group together. */
export function RadioOption({
  title,
  hint,
  ...input
}: { title: string; hint?: ReactNode } & Omit<ComponentProps<'input'>, 'title' | 'type'>) {
  const id = useId()
  return (
    <div className="flex items-start gap-2 py-1">
      <input
        {...input}
        id={id}
        type="radio"
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="mt-[3px] size-4 shrink-0 accent-[var(--accent)]"
      />
      <div className="min-w-0">
        <label htmlFor={id} className={cx('font-medium', input.disabled && 'text-ink-2')}>
          {title}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-ink-2 text-xs">
            {hint}
          </p>
        )}
      </div>
    </div>
  )
}
