'use client'
import { createContext, useContext } from 'react'
import type { RunnerClient } from './client'
import { type Command, type CommandContext, commandOf } from './commands'
import type { Language } from './language/language'
import type { CellModels } from './models'
import type { Renderer } from './outputs/renderer'

/** What the components of one open notebook share beside its store. */
export interface NotebookServices {
  context: CommandContext
  client: RunnerClient
  models: CellModels
  language: Language
  /** Extra renderers by MIME type, handed in by the page; they come before the built-in ones. */
  renderers: readonly Renderer[]
}

const Context = createContext<NotebookServices | undefined>(undefined)
export const NotebookServicesProvider = Context.Provider

export function useServices(): NotebookServices {
  const services = useContext(Context)
  if (!services) throw new Error('useServices needs a NotebookServicesProvider above it')
  return services
}

/** Runs a command by its id. */
export function useCommand(): (id: string) => void {
  const { context } = useServices()
  return (id) => runCommand(commandOf(id), context)
}

export function runCommand(command: Command, context: CommandContext): void {
  void command.run(context)
}
