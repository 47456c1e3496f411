'use client'

import type { ErrorValue } from '@mayfly/executor/errors'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import {
  createTRPCClient,
  httpBatchStreamLink,
  httpSubscriptionLink,
  splitLink,
  type TRPCClient,
  TRPCClientError,
} from '@trpc/client'
import { createTRPCContext } from '@trpc/tanstack-react-query'
import { type ReactNode, useState } from 'react'
import type { AppRouter } from '../server/router'

const context = createTRPCContext<AppRouter>()

/** `useTRPC` gives query and mutation options for TanStack Query; `useTRPCClient` the client itself. */
export const { useTRPC, useTRPCClient } = context

export type ApiClient = TRPCClient<AppRouter>

/** A client of the API at this page's own address. Subscriptions go over server-sent events, the rest in batches. */
export function createApiClient(): ApiClient {
  const url = '/api/trpc'
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === 'subscription',
        true: httpSubscriptionLink({ url }),
        false: httpBatchStreamLink({ url }),
      }),
    ],
  })
}

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 2_000, retry: (count, error) => count < 2 && errorValueOf(error).code === 'E_NETWORK' },
    },
  })
}

/** Gives everything below it the API and the cache of its answers. One for the whole page. */
export function TRPCProvider({ children }: { children: ReactNode }) {
  const [queryClient] = useState(createQueryClient)
  const [client] = useState(createApiClient)
  return (
    <QueryClientProvider client={queryClient}>
      <context.TRPCProvider trpcClient={client} queryClient={queryClient}>
        {children}
      </context.TRPCProvider>
    </QueryClientProvider>
  )
}

/** What to tell the user of a failed call: the runner's own words where it had any. */
export function errorValueOf(error: unknown): ErrorValue {
  if (error instanceof TRPCClientError) {
    const data = error.data as { mayfly?: ErrorValue; code?: string } | undefined
    if (data?.mayfly) return data.mayfly
    if (!data) {
      return {
        name: 'NetworkError',
        code: 'E_NETWORK',
        message: 'The web server does not answer.',
        hint: 'Check that `npm start` is still running in its terminal.',
      }
    }
    return { name: error.name, code: `E_API_${data.code ?? 'UNKNOWN'}`, message: error.message }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { name: 'Error', code: 'E_PAGE', message }
}
