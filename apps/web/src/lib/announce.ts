/**
 * Tells screen readers what changed, politely, through the one live region of the layout.
 * At most one announcement every `gap` ms; of several in between only the newest is said.
 */
export const LIVE_REGION_ID = 'mayfly-live'
const GAP_MS = 5000

let last = 0
let timer: ReturnType<typeof setTimeout> | undefined

/** Announces a sentence; `urgent` skips the waiting time. */
export function announce(text: string, options: { urgent?: boolean } = {}): void {
  clearTimeout(timer)
  const wait = options.urgent ? 0 : Math.max(0, last + GAP_MS - Date.now())
  timer = setTimeout(() => {
    last = Date.now()
    const region = document.getElementById(LIVE_REGION_ID)
    if (region) region.textContent = text
  }, wait)
}
