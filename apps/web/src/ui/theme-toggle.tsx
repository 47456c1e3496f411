'use client'
import { Monitor, Moon, Sun } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { onThemeChange, setTheme, type ThemeChoice, themeChoice } from '../lib/theme'
import { IconButton } from './button'

const NEXT: Record<ThemeChoice, ThemeChoice> = { system: 'light', light: 'dark', dark: 'system' }
const ICONS = { system: Monitor, light: Sun, dark: Moon }
const NAMES = { system: 'as the system', light: 'light', dark: 'dark' }

/** Steps through system, light and dark. */
export function ThemeToggle() {
  const choice = useSyncExternalStore<ThemeChoice>(onThemeChange, themeChoice, () => 'system')
  const Icon = ICONS[choice]
  return (
    <IconButton
      label={`Theme: ${NAMES[choice]}. Change to ${NAMES[NEXT[choice]]}`}
      onClick={() => setTheme(NEXT[choice])}
      data-testid="theme-toggle"
      data-theme-choice={choice}
    >
      <Icon size={16} />
    </IconButton>
  )
}
