import DOMPurify from 'dompurify'

/** A PNG or JPEG from base64, in its own size or the one its metadata names, with its title below; pixels stay sharp when enlarged. */
export function ImageOutput({
  mime,
  data,
  metadata,
}: {
  mime: string
  data: string
  metadata: Record<string, unknown>
}) {
  const title = typeof metadata.title === 'string' && metadata.title !== '' ? metadata.title : undefined
  const image = (
    // biome-ignore lint/performance/noImgElement: a data URL gains nothing from Next's image
    <img
      src={`data:${mime};base64,${data.replace(/\s/g, '')}`}
      alt={typeof metadata.alt === 'string' ? metadata.alt : (title ?? 'Image output')}
      width={numberOr(metadata.width)}
      height={numberOr(metadata.height)}
      className="max-w-full self-start rounded-sm"
      style={metadata.pixelated ? { imageRendering: 'pixelated' } : undefined}
    />
  )
  if (title === undefined) return image
  // The caption wraps below the picture: it never makes the figure wider than a size that was asked for.
  return (
    <figure className="w-fit max-w-full" style={{ width: numberOr(metadata.width) }}>
      {image}
      <figcaption className="tabular mt-1 text-ink-2 text-xs">{title}</figcaption>
    </figure>
  )
}

/** The text of an SVG without scripts and handlers, and with the name space that an image needs. */
export function cleanSvg(svg: string): string {
  const clean = DOMPurify.sanitize(svg, { USE_PROFILES: { svg: true, svgFilters: true } })
  return clean.includes('xmlns=') ? clean : clean.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"')
}

/** What an SVG says of itself to those who cannot see it: inside an image nobody could read it. */
export function labelOf(svg: string): string | undefined {
  const root = new DOMParser().parseFromString(svg, 'image/svg+xml').documentElement
  return root.getAttribute('aria-label') ?? root.querySelector(':scope > title')?.textContent ?? undefined
}

/** An SVG as an image: no script of it can run, and it is purified besides. */
export function SvgOutput({ svg, metadata }: { svg: string; metadata: Record<string, unknown> }) {
  return (
    // biome-ignore lint/performance/noImgElement: a data URL gains nothing from Next's image
    <img
      src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(cleanSvg(svg))}`}
      alt={typeof metadata.alt === 'string' ? metadata.alt : (labelOf(svg) ?? 'Drawing')}
      className="max-w-full self-start"
    />
  )
}

function numberOr(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
