'use client'
import { Download, Maximize, ZoomIn, ZoomOut } from 'lucide-react'
import { type KeyboardEvent, type PointerEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { z } from 'zod'
import { IconButton } from '../../ui/button'
import { saveFile } from '../../ui/clipboard'
import {
  COLOR_MAPS,
  type ColorMap,
  decodeFloats,
  formatValue,
  gradientOf,
  paintValues,
  roundStep,
  summaryOf,
  ticks,
} from './pixels'

const MAP_NAMES = Object.keys(COLOR_MAPS) as [ColorMap, ...ColorMap[]]

export const PixelImageSchema = z.object({
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  min: z.number(),
  max: z.number(),
  // A map this page does not know is no reason to show nothing.
  colorMap: z.enum(MAP_NAMES).catch('viridis'),
  scale: z.number().positive().optional(),
  data: z.string(),
  unit: z.string().default(''),
  title: z.string().optional(),
  pixelSize: z.object({ size: z.number().positive(), unit: z.string() }).optional(),
})
export type PixelImageData = z.infer<typeof PixelImageSchema>

/** Scale of a picture without one: as large as this many CSS pixels allow, and never less than one for one. */
const COMFORTABLE = 320
const MOST_ZOOM = 64
/** Height of the window on a large picture, CSS pixels. */
const WINDOW = 560

/**
 * Numbers as a picture with their scale beside it. The pointer, or the arrow keys on the picture, read single values; plus and
 * minus zoom; the colours may be changed. Undefined values of the data are transparent.
 */
export function PixelImage({ image }: { image: PixelImageData }) {
  const values = useMemo(() => decodeFloats(image.data, image.width * image.height), [image])
  if (!values)
    return <p className="text-[13px] text-bad">The picture’s data does not have the length its size asks for.</p>
  return <Picture image={image} values={values} />
}

function Picture({ image, values }: { image: PixelImageData; values: Float32Array }) {
  const { width, height, min, max, unit, title, pixelSize } = image
  const natural = image.scale ?? Math.max(1, Math.min(16, Math.floor(COMFORTABLE / Math.max(width, height))))
  const [map, setMap] = useState(image.colorMap)
  const [zoom, setZoom] = useState(1)
  const [at, setAt] = useState<{ x: number; y: number; byKey: boolean }>()
  const canvas = useRef<HTMLCanvasElement>(null)
  const id = useId()
  const scale = natural * zoom
  const summary = useMemo(() => summaryOf(values, width, height, unit), [values, width, height, unit])

  useEffect(() => {
    const context = canvas.current?.getContext('2d')
    context?.putImageData(new ImageData(paintValues(values, min, max, map), width, height), 0, 0)
  }, [values, min, max, map, width, height])

  const zoomBy = (factor: number) => setZoom((zoom) => Math.max(1 / 8, Math.min(MOST_ZOOM, zoom * factor)))

  function point(event: PointerEvent) {
    const box = event.currentTarget.getBoundingClientRect()
    const x = Math.floor(((event.clientX - box.left) / box.width) * width)
    const y = Math.floor(((event.clientY - box.top) / box.height) * height)
    setAt(x >= 0 && y >= 0 && x < width && y < height ? { x, y, byKey: false } : undefined)
  }

  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key === '+' || event.key === '=') zoomBy(2)
    else if (event.key === '-') zoomBy(1 / 2)
    else if (event.key === '0') setZoom(1)
    else {
      const by = ARROWS[event.key]
      if (!by) return
      const far = event.shiftKey ? 10 : 1
      const from = at ?? { x: Math.floor(width / 2), y: Math.floor(height / 2) }
      const next = at ? { x: from.x + by[0] * far, y: from.y + by[1] * far } : from
      setAt({ x: clamp(next.x, width), y: clamp(next.y, height), byKey: true })
    }
    event.preventDefault()
  }

  const value = at && values[at.y * width + at.x]!
  const readout = at ? `${at.x}, ${at.y}: ${formatValue(value!)}${unit && ` ${unit}`}` : `${width} × ${height}`
  return (
    <figure className="w-fit max-w-full text-xs">
      {title && <figcaption className="mb-1.5 font-medium text-[13px]">{title}</figcaption>}
      <div className="flex max-w-full gap-3">
        <div className="min-w-0 overflow-auto rounded-sm" style={{ maxHeight: WINDOW }}>
          <div
            role="img"
            aria-label={title ? `${title}. ${summary}` : summary}
            aria-describedby={id}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read single values
            tabIndex={0}
            onKeyDown={press}
            onPointerMove={point}
            onPointerLeave={() => setAt((now) => (now?.byKey ? now : undefined))}
            onBlur={() => setAt(undefined)}
            className="relative cursor-crosshair focus-visible:outline-offset-[-2px]"
            style={{ width: width * scale, height: height * scale }}
          >
            <canvas
              ref={canvas}
              width={width}
              height={height}
              className="size-full"
              style={{ imageRendering: scale >= 1 ? 'pixelated' : 'auto' }}
            />
            {at?.byKey && (
              <span
                aria-hidden="true"
                className="pointer-events-none absolute border border-white outline-1 outline-black"
                style={{ left: at.x * scale, top: at.y * scale, width: Math.max(3, scale), height: Math.max(3, scale) }}
              />
            )}
            {pixelSize && <ScaleBar scale={scale} width={width} {...pixelSize} />}
          </div>
        </div>
        <ColorBar min={min} max={max} map={map} unit={unit} height={Math.max(80, Math.min(WINDOW, height * natural))} />
      </div>
      <div className="mt-1 flex min-w-72 items-center gap-0.5 text-ink-2">
        <output id={id} aria-live={at?.byKey ? 'polite' : 'off'} className="tabular grow truncate font-mono">
          {readout}
        </output>
        <select
          aria-label="Colours"
          value={map}
          onChange={(event) => setMap(event.target.value as ColorMap)}
          className="h-6 rounded border border-line-strong bg-surface px-1 text-ink"
        >
          {MAP_NAMES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <IconButton small label="Zoom out" onClick={() => zoomBy(1 / 2)}>
          <ZoomOut size={13} />
        </IconButton>
        <IconButton small label="Zoom in" onClick={() => zoomBy(2)}>
          <ZoomIn size={13} />
        </IconButton>
        <IconButton small label="First size" disabled={zoom === 1} onClick={() => setZoom(1)}>
          <Maximize size={13} />
        </IconButton>
        <IconButton small label="Save as PNG" onClick={() => savePng(canvas.current, scale, title)}>
          <Download size={13} />
        </IconButton>
      </div>
    </figure>
  )
}

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

function ColorBar(props: { min: number; max: number; map: ColorMap; unit: string; height: number }) {
  const { min, max, map, unit, height } = props
  const marks = ticks(min, max, Math.max(2, Math.min(6, Math.floor(height / 40))))
  return (
    <div aria-hidden="true" className="flex shrink-0 flex-col gap-1 text-ink-2">
      {unit && <span className="leading-none">{unit}</span>}
      <div className="relative flex" style={{ height }}>
        <div className="w-3 rounded-sm" style={{ background: gradientOf(map) }} />
        <div className="tabular relative w-16">
          {marks.map((mark) => (
            <span
              key={mark}
              className="absolute left-0 flex -translate-y-1/2 items-center gap-1 leading-none before:h-px before:w-1.5 before:bg-ink-2"
              style={{ top: max > min ? `${clampShare((max - mark) / (max - min)) * 100}%` : '50%' }}
            >
              {formatValue(mark)}
            </span>
          ))}
        </div>
      </div>
    </div>
  )
}

/** A bar as long as a round number of the world's units. */
function ScaleBar({ scale, width, size, unit }: { scale: number; width: number; size: number; unit: string }) {
  const length = roundStep((width * size) / 8)
  const pixels = (length / size) * scale
  if (pixels > width * scale * 0.6) return null
  return (
    <span
      aria-hidden="true"
      className="pointer-events-none absolute bottom-2 left-2 flex flex-col items-start gap-0.5 rounded-sm bg-black/60 px-1.5 py-1 text-white leading-none"
    >
      <span className="h-0.5 bg-white" style={{ width: pixels }} />
      {formatValue(length)} {unit}
    </span>
  )
}

/** Saves the picture in its size on the page, pixels with sharp edges. */
function savePng(canvas: HTMLCanvasElement | null, scale: number, title = 'image') {
  if (!canvas) return
  const enlarged = document.createElement('canvas')
  const factor = Math.max(1, Math.round(scale))
  enlarged.width = canvas.width * factor
  enlarged.height = canvas.height * factor
  const context = enlarged.getContext('2d')
  if (!context) return
  context.imageSmoothingEnabled = false
  context.drawImage(canvas, 0, 0, enlarged.width, enlarged.height)
  const name = title.replace(/[^\p{L}\p{N}.+-]+/gu, '-').replace(/^-+|-+$/g, '') || 'image'
  enlarged.toBlob((png) => png && saveFile(`${name}.png`, png))
}

function clamp(value: number, size: number): number {
  return Math.max(0, Math.min(size - 1, value))
}

function clampShare(share: number): number {
  return Math.max(0, Math.min(1, share))
}
