'use client'
import { useQuery } from '@tanstack/react-query'
import { ChevronDown, Cloud, Laptop } from 'lucide-react'
import { backendTitle } from '../../lib/config'
import { useTRPC } from '../../lib/trpc'
import { Popover } from '../../ui/popover'
import { useNotebook } from '../store'
import { BackendForm } from './form'
import { settingsOf } from './settings'

/** The button that says where this notebook's calls run; opens the choice. */
export function BackendButton() {
  const metadata = useNotebook((state) => state.metadata)
  // Reading the configuration starts a process: the kernel goes first.
  const kernelUp = useNotebook((state) => state.kernel !== 'connecting' && state.kernel !== 'starting')
  const trpc = useTRPC()
  const config = useQuery({ ...trpc.settings.config.queryOptions(), enabled: kernelUp, staleTime: 30_000 })
  const settings = settingsOf(metadata)
  const backend = settings.backend ?? String(config.data?.options.backend ?? 'localhost')
  const Icon = backend === 'localhost' ? Laptop : Cloud
  const trigger = (
    <button
      type="button"
      data-testid="backend"
      data-backend={backend}
      aria-label={`Calls run on: ${backendTitle(backend)}`}
      className="ml-1 flex h-7 shrink-0 items-center gap-1.5 whitespace-nowrap rounded-full border border-line bg-surface pr-2 pl-3 text-xs hover:bg-sunken data-[state=open]:bg-sunken"
    >
      <Icon size={14} aria-hidden="true" className="text-ink-2" />
      <span className="max-md:hidden">{backendTitle(backend)}</span>
      {settings.budget && <span className="tabular text-ink-2 max-md:hidden">≤ ${settings.budget.usd}</span>}
      <ChevronDown size={12} aria-hidden="true" className="text-ink-2" />
    </button>
  )
  return (
    <Popover trigger={trigger} label="Where calls run">
      <BackendForm config={config.data} error={config.error} />
    </Popover>
  )
}
