export function isLoopbackHost(host: string | undefined): boolean
export function isAllowedOrigin(origin: string | undefined, allowed: readonly string[]): boolean
export function pagePolicy(nonce: string, dev: boolean): string
export const FRAME_POLICY: string
export const FRAME_PAGE: string
export function proxiedHeaders<T>(headers: Record<string, T>): Record<string, T>
