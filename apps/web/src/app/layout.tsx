import '@fontsource-variable/inter'
import '@fontsource-variable/jetbrains-mono'
import './globals.css'
import type { Metadata } from 'next'
import { headers } from 'next/headers'
import type { ReactNode } from 'react'
import { LIVE_REGION_ID } from '../lib/announce'
import { THEME_SCRIPT } from '../lib/theme'
import { TRPCProvider } from '../lib/trpc'
import { Toaster } from '../ui/toast'
import { TooltipProvider } from '../ui/tooltip'
import { TopBar } from '../ui/top-bar'

export const metadata: Metadata = {
  title: { default: 'Mayfly', template: '%s · Mayfly' },
  description: 'Notebooks for serverless analytics in TypeScript',
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  // Set by server.mjs; reading it also makes every page dynamic, which a policy with nonces needs.
  const nonce = (await headers()).get('x-nonce') ?? undefined
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own constant, it must run before the first paint */}
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: THEME_SCRIPT }} />
      </head>
      <body>
        <TRPCProvider>
          <TooltipProvider>
            <TopBar />
            {children}
          </TooltipProvider>
          <Toaster />
        </TRPCProvider>
        <div id={LIVE_REGION_ID} aria-live="polite" className="sr-only" />
      </body>
    </html>
  )
}
