import { fileURLToPath } from 'node:url'
import type { NextConfig } from 'next'

const config: NextConfig = {
  // The lock file is two levels up; without this Next guesses the root and warns.
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
  // TypeScript 7 has no `lib/typescript.js`; Next then calls its command line.
  experimental: { useTypeScriptCli: true },
  allowedDevOrigins: ['127.0.0.1', 'localhost'],
  devIndicators: false,
  poweredByHeader: false,
  reactStrictMode: true,
}

export default config
