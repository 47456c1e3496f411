'use client'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { cx } from '../lib/cx'
import { Logo } from './logo'
import { ThemeToggle } from './theme-toggle'

const PLACES = [
  { href: '/', title: 'Home', here: (path: string) => path === '/' },
  { href: '/runs', title: 'Runs', here: (path: string) => path.startsWith('/runs') },
  { href: '/settings', title: 'Settings', here: (path: string) => path.startsWith('/settings') },
]

/** Height of the bar in CSS pixels; what sticks below it needs it. */
export const TOP_BAR_HEIGHT = 44

/** The bar on top of every page: where one is, and the theme. */
export function TopBar() {
  const path = usePathname()
  return (
    <header className="sticky top-0 z-30 flex h-11 items-center gap-5 border-line border-b bg-surface px-4">
      <Link href="/" className="flex items-center gap-2 rounded" aria-label="Mayfly, home">
        <Logo />
        <span className="font-semibold text-[15px] tracking-tight">Mayfly</span>
      </Link>
      <nav aria-label="Main" className="flex grow items-center gap-1">
        {PLACES.map((place) => (
          <Link
            key={place.href}
            href={place.href}
            aria-current={place.here(path) ? 'page' : undefined}
            className={cx(
              'rounded-md px-2.5 py-1 font-medium text-[13px]',
              place.here(path) ? 'bg-accent-soft text-accent' : 'text-ink-2 hover:bg-sunken hover:text-ink',
            )}
          >
            {place.title}
          </Link>
        ))}
      </nav>
      <ThemeToggle />
    </header>
  )
}
