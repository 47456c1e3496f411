/** Types of servers.mjs for the tests, which are TypeScript. */
export interface Product {
  url: string
  runnerUrl: string
  secret: string
  pids: { runner: number; web: number }
  ended: Promise<{ name: string; how: string | number }>
  stop(): Promise<void>
}
export function freePort(port: number): Promise<number>
export function startProduct(options?: { workspace?: string; port?: number; dev?: boolean }): Promise<Product>
