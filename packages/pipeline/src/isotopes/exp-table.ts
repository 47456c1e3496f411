/**
 * The exponential function of ims-cpp since 0.4: second-order Taylor steps from a table, too small by up to 1.1e-8 of itself.
 * Published METASPACE intensities carry that error. Source: ims-cpp d8ba14b, ms/spectrum.cpp.
 */
const LEAST = -18
const STEP = 4e-3

const table: number[] = []
// Added up as there, with the rounding that brings.
for (let x = LEAST; x <= 0; x += STEP) table.push(Math.exp(x))

/** exp(x) for x ≤ 0 as the reference has it; 0 below −18. */
export function tableExp(x: number): number {
  if (x < LEAST) return 0
  const index = Math.floor((x - LEAST) / STEP)
  const rest = x - (LEAST + index * STEP)
  return table[index]! * (1 + rest * (1 + rest / 2))
}
