/** What the steps capture → bundle → load hand to each other. */

/** A stretch of generated code and the place in the user's source it came from; lines and columns from 1. */
export interface SourceSpan {
  /** First position in the generated code. A span ends where the next one begins, or after `lines` lines. */
  line: number
  column: number
  /** How many lines the span covers at most. */
  lines: number
  /** Script the text comes from: `cell-3.ts`, `file:///…/stages.js`. */
  url: string
  originalLine: number
  originalColumn: number
}

/** A function made ready to travel: text and data, nothing read or built yet. */
export interface Capture {
  /** Name of the function, or `anonymous`. */
  readonly name: string
  /** ESM text; its default export is `(runtime) => function`. */
  readonly text: string
  /** Imports of the text that are not Node's own, so that it must be bundled. */
  readonly external: boolean
  /** Folder that bare and relative imports of the text resolve from. */
  readonly resolveDir: string
  /** Encoded captured values (see `decode.ts`). */
  readonly data: Uint8Array
  /** Contents of the array buffers above `BLOB_BYTES`, in the order of their ids. */
  readonly blobs: Uint8Array[]
  /** Positions in `text`; looked up late, because naming a script costs milliseconds. */
  readonly spans: () => SourceSpan[]
}

/** A bundled, content-addressed function. Hashes are SHA-256 in lower-case hex. */
export interface Shipment {
  name: string
  codeHash: string
  /** A self-contained ESM module, Node's built-in modules excepted. */
  code: string
  dataHash: string
  data: Uint8Array
  blobs: { hash: string; bytes: Uint8Array }[]
  /** Name of the export of `code` that `load` starts from. */
  entry: string
  /** For `remapStack`: which lines of `code` come from which of the user's. Found out at the first look (milliseconds). */
  readonly sources: SourceSpan[]
}
