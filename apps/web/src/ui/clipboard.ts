/** Text out of the page: to the clipboard, or as a file. */
import { toast } from './toast'

/** Copies a text and says so with `done`; says as much when the browser refuses. */
export function copyText(text: string, done: string): void {
  // Absent on pages that are neither HTTPS nor on this machine.
  const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
  copied.then(
    () => toast({ title: done }),
    () => toast({ title: 'The browser does not allow copying here', tone: 'bad' }),
  )
}

/** Hands content to the browser to save under `name`. */
export function saveFile(name: string, content: Blob): void {
  const address = URL.createObjectURL(content)
  Object.assign(document.createElement('a'), { href: address, download: name }).click()
  // The browser takes the content after the click has returned.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
