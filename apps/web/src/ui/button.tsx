import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import { cx } from '../lib/cx'
import { Tooltip } from './tooltip'

export type ButtonTone = 'primary' | 'plain' | 'quiet' | 'danger'

const TONES: Record<ButtonTone, string> = {
  primary: 'bg-accent text-accent-ink hover:bg-accent-hover',
  plain: 'bg-surface text-ink border border-line-strong hover:bg-sunken',
  quiet: 'text-ink-2 hover:bg-line/60 hover:text-ink data-[state=open]:bg-line/60',
  danger: 'bg-surface text-bad border border-bad/50 hover:bg-bad-soft',
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: ButtonTone
  ref?: Ref<HTMLButtonElement>
}

/** A push button with a label. */
export function Button({ tone = 'plain', className, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      className={cx(
        'inline-flex h-8 items-center gap-1.5 whitespace-nowrap rounded-md px-2.5 font-medium text-[13px] transition-colors',
        'disabled:cursor-not-allowed disabled:opacity-50',
        TONES[tone],
        className,
      )}
      {...rest}
    />
  )
}

export interface IconButtonProps extends ButtonProps {
  /** Spoken name, also shown as the tooltip. */
  label: string
  /** Key binding shown in the tooltip. */
  keys?: string
  small?: boolean
  children: ReactNode
}

/** A square button with an icon; the label is its name and its tooltip. */
export function IconButton({ label, keys, small, tone = 'quiet', className, children, ...rest }: IconButtonProps) {
  return (
    <Tooltip text={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        className={cx(
          'inline-flex shrink-0 items-center justify-center rounded-md transition-colors disabled:cursor-not-allowed disabled:opacity-40',
          small ? 'size-6' : 'size-8',
          TONES[tone],
          className,
        )}
        {...rest}
      >
        {children}
      </button>
    </Tooltip>
  )
}
