/**
 * What the kernel adds to every cell, as ambient types: the language service puts this file beside the cells, and the kernel's own
 * code is checked against it. It stands alone: no imports; `console`, `process`, `require` and `Buffer` come from Node's types.
 */

/**
 * Shows a value below the running cell, like the last expression of a cell does: text, and a table, picture or markup where the
 * value has one. Its members show a value in a chosen form. Every call gives a handle that can replace or remove what it showed.
 */
declare const display: Mayfly.Display

/** Messages between cells and live parts of the page (Jupyter comms). */
declare const comms: Mayfly.Comms

/**
 * Asks the user for a line of text and waits for the answer.
 * @param message The question.
 * @param options The answer that is offered, or `{ default, password }`; a password is not shown while it is typed.
 * @returns The line; the default when it is empty; `null` when the user gives no answer.
 * @throws `E_KERNEL_STDIN` when nobody can be asked, as in a run without a page.
 */
declare function prompt(message?: string, options?: string | Mayfly.PromptOptions): string | null

/** Asks the user a yes-or-no question and waits. @throws `E_KERNEL_STDIN` when nobody can be asked. */
declare function confirm(message?: string): boolean

declare namespace Mayfly {
  interface PromptOptions {
    /** Offered as the answer, and taken when the user gives none. */
    default?: string
    /** The answer is not shown while it is typed. */
    password?: boolean
  }

  /** What `display(…)` gave: stands for the place in the output. */
  interface DisplayHandle<Value = unknown> {
    /** Jupyter's `display_id`. */
    readonly id: string
    /** Replaces what was shown, wherever it is shown; also after the cell has ended. */
    update(value: Value): void
    /** Empties the place. A later `update` fills it again. */
    clear(): void
  }

  /** A MIME bundle: type → data. Text forms are strings, JSON forms any JSON value, binary forms bytes or base64. */
  type Bundle = Record<string, unknown>

  type ColorMap = 'viridis' | 'inferno' | 'magma' | 'plasma' | 'grey'
  type Numbers = ArrayLike<number>

  /** How a picture file (PNG, SVG) is shown. */
  interface PictureOptions {
    /** Caption under the picture, also read to those who cannot see it. */
    title?: string
    /** Size on the page, CSS pixels; default the picture's own. */
    width?: number
    height?: number
    /** Keeps the edges of pixels sharp when the picture is enlarged. */
    pixelated?: boolean
  }

  /** How numbers become a picture. */
  interface ImageOptions {
    /** Pixels in a row. One of both is enough; neither is needed for an array of rows or a square. */
    width?: number
    height?: number
    /** Value of the lowest colour; default the smallest finite value. */
    min?: number
    /** Value of the highest colour; default the largest finite value. */
    max?: number
    /** Default `viridis`. */
    colorMap?: ColorMap
    /** CSS pixels for one pixel of data; default chosen so that the picture is well visible. */
    scale?: number
    /** Unit of the values, shown at the colour bar. */
    unit?: string
    title?: string
    /** Size of a pixel in the world, such as `{ size: 10, unit: 'µm' }`, for a scale bar. */
    pixelSize?: { size: number; unit: string }
  }

  interface TableOptions {
    /** Names of the columns to show, in this order; default all. For an array of arrays: the names of the columns. */
    columns?: readonly string[]
    /** Rows that travel to the page at most; default and limit 10,000. */
    rows?: number
    title?: string
    /** Units by the name of their column. */
    units?: Record<string, string>
  }

  /** A progress bar. */
  interface Progress {
    readonly id: string
    /** Adds to what is done; default 1. */
    step(n?: number): void
    /** Sets what is done. */
    set(done: number): void
    /** Changes the text beside the bar. */
    label(text: string): void
    /** Ends it as done. */
    done(): void
    /** Ends it as failed. */
    fail(): void
    /** Removes it. */
    clear(): void
  }

  /** A progress bar that moves as it is iterated; ends with the loop, as failed or cancelled when the loop is left early. */
  type Tracked<Item> = Progress & Iterable<Item>
  type TrackedAsync<Item> = Progress & AsyncIterable<Item>

  interface Display {
    <Value>(value: Value): DisplayHandle
    /** HTML, shown in a frame of its own without access to the page. */
    html(markup: string): DisplayHandle<string>
    /** Markdown, with `$…$` as formulas. */
    markdown(text: string): DisplayHandle<string>
    /** A formula in LaTeX. */
    latex(formula: string): DisplayHandle<string>
    svg(markup: string): DisplayHandle<string>
    /** Any value as a tree that opens and closes. Cycles, BigInt, NaN, Map and Set are shown as what they are. */
    json(value: unknown): DisplayHandle
    /** Plain text as it is; anything but a string as a last expression's text. */
    text(value: unknown): DisplayHandle
    /**
     * A table that sorts, filters and pages: an array of records or of arrays, an object or Map of equally long columns, a Map (key
     * and value), or any iterable of records. @throws TypeError for anything else.
     */
    table(data: unknown, options?: TableOptions): DisplayHandle
    /** A PNG file: its bytes or their base64 text. */
    png(file: Uint8Array | string, options?: PictureOptions): DisplayHandle<Uint8Array | string>
    /**
     * Numbers as a picture, row by row from the top left: a typed array or array with `width`, or an array of rows. Pixels that are
     * NaN are transparent. A `Uint8ClampedArray` of width × height × 4 is RGBA. @throws `E_DISPLAY_IMAGE` when sizes do not fit.
     */
    image(data: Numbers | readonly Numbers[], options?: ImageOptions): DisplayHandle<Numbers | readonly Numbers[]>
    /** A progress bar of `total` steps; without a total, of unknown length. */
    progress(total?: number, label?: string): Progress
    /** Wraps a loop: `for (const item of display.progress(items))`. */
    progress<Item>(items: Iterable<Item>, label?: string): Tracked<Item>
    /** Wraps a loop: `for await (const item of display.progress(items))`. */
    progress<Item>(items: AsyncIterable<Item>, label?: string): TrackedAsync<Item>
    /** A MIME bundle as it is, with Jupyter's metadata. */
    mime(bundle: Bundle, metadata?: Bundle): DisplayHandle<Bundle>
    /** Clears the output of the running cell; with `wait`, not before the next output comes. */
    clear(wait?: boolean): void
  }

  interface CommOptions {
    metadata?: Record<string, unknown>
    buffers?: readonly (ArrayBuffer | ArrayBufferView)[]
  }

  interface CommMessage {
    data: Record<string, unknown>
    metadata: Record<string, unknown>
    buffers: Uint8Array[]
  }

  /** One open line to the page. */
  interface Comm {
    readonly id: string
    readonly target: string
    readonly closed: boolean
    /** @throws `E_COMM_CLOSED` */
    send(data: Record<string, unknown>, options?: CommOptions): void
    close(data?: Record<string, unknown>): void
    /** Returns how to stop listening. */
    onMessage(listener: (message: CommMessage) => void): () => void
    onClose(listener: (message: CommMessage) => void): () => void
  }

  interface Comms {
    /** Opens a line to the target of this name in the page. */
    open(target: string, data?: Record<string, unknown>, options?: CommOptions): Comm
    /** Takes lines the page opens to this name. Returns how to stop; registering a name again replaces what was there. */
    register(target: string, onOpen: (comm: Comm, message: CommMessage) => void): () => void
    /** The open lines. */
    list(): Comm[]
  }
}
