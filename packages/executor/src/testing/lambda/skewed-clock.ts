/** Loaded before anything else in an environment whose clock is to be wrong: moves what Node tells of the time of day. */
const skew = Number(process.env.DOUBLE_CLOCK_SKEW)
const { timeOrigin } = performance
const RealDate = Date

class SkewedDate extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length > 0 ? given : [RealDate.now() + skew]) as [number]))
  }

  static override now(): number {
    return RealDate.now() + skew
  }
}

Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin + skew, configurable: true })
globalThis.Date = SkewedDate as DateConstructor
