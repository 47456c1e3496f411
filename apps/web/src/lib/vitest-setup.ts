/** Pages under test. */
if (typeof document !== 'undefined') {
  const { configure } = await import('@testing-library/react')
  // What a page waits for comes late on a busy machine.
  configure({ asyncUtilTimeout: 30_000 })
  // Our pages have a doctype, which KaTeX asks for; happy-dom does not know of it.
  Object.defineProperty(document, 'compatMode', { value: 'CSS1Compat' })
}

export {}
