import DOMPurify from 'dompurify'

/** A PNG or JPEG from base64, in its own size or the one its metadata names; pixels stay sharp when it is enlarged. */
export function ImageOutput({
  mime,
  data,
  metadata,
}: {
  mime: string
  data: string
  metadata: Record<string, unknown>
}) {
  return (
    // biome-ignore lint/performance/noImgElement: a data URL gains nothing from Next's image
    <img
      src={`data:${mime};base64,${data.replace(/\s/g, '')}`}
      alt={typeof metadata.alt === 'string' ? metadata.alt : 'Image output'}
      width={numberOr(metadata.width)}
      height={numberOr(metadata.height)}
      className="max-w-full self-start rounded-sm"
      style={metadata.pixelated ? { imageRendering: 'pixelated' } : undefined}
    />
  )
}

/** The text of an SVG without scripts and handlers, and with the name space that an image needs. */
export function cleanSvg(svg: string): string {
  const clean = DOMPurify.sanitize(svg, { USE_PROFILES: { svg: true, svgFilters: true } })
  return clean.includes('xmlns=') ? clean : clean.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"')
}

/** An SVG as an image: no script of it can run, and it is purified besides. */
export function SvgOutput({ svg, metadata }: { svg: string; metadata: Record<string, unknown> }) {
  return (
    // biome-ignore lint/performance/noImgElement: a data URL gains nothing from Next's image
    <img
      src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(cleanSvg(svg))}`}
      alt={typeof metadata.alt === 'string' ? metadata.alt : 'Drawing'}
      className="max-w-full self-start"
    />
  )
}

function numberOr(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
