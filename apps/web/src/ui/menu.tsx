'use client'
import { DropdownMenu } from 'radix-ui'
import type { ReactNode } from 'react'
import { cx } from '../lib/cx'
import { Keys } from './keys'

export interface MenuItem {
  id: string
  title: string
  keys?: string
  icon?: ReactNode
  disabled?: boolean
  danger?: boolean
  /** Draws a line above this item. */
  separated?: boolean
  onSelect: () => void
}

/** A menu that drops from its trigger. The trigger must accept a ref. */
export function Menu({
  items,
  align = 'end',
  children,
}: {
  items: MenuItem[]
  align?: 'start' | 'end'
  children: ReactNode
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{children}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className="z-50 min-w-52 rounded-lg border border-line bg-raised p-1 shadow-float"
        >
          {items.map((item) => (
            <div key={item.id}>
              {item.separated && <DropdownMenu.Separator className="my-1 h-px bg-line" />}
              <DropdownMenu.Item
                disabled={item.disabled}
                onSelect={item.onSelect}
                className={cx(
                  'flex h-8 cursor-pointer select-none items-center gap-2 rounded-md px-2 text-[13px] outline-none',
                  'data-[disabled]:cursor-default data-[highlighted]:bg-accent-soft data-[disabled]:opacity-45',
                  item.danger ? 'text-bad' : 'text-ink',
                )}
              >
                <span className="flex w-4 justify-center text-ink-2">{item.icon}</span>
                <span className="grow">{item.title}</span>
                {item.keys && <Keys keys={item.keys} />}
              </DropdownMenu.Item>
            </div>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  )
}
