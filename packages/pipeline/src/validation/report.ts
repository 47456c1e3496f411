/** Reports for people: Markdown. Pure. */
import type { TruthReport } from './truth.js'
import type { ValidationReport } from './validate.js'

const verdict = (ok: boolean) => (ok ? 'PASS' : 'FAIL')
const short = (value: number) => String(Number(value.toPrecision(3)))

/** The report as Markdown: verdict, table of the checks, what is missing. */
export function validationMarkdown(report: ValidationReport, title = 'Validation against a reference'): string {
  const lines = report.checks.map(
    ({ name, value, limit, ok }) => `| ${name} | ${short(value)} | ${limit} | ${verdict(ok)} |`,
  )
  const largest = Object.entries(report.largest).map(([name, value]) => `${name} ${value.toExponential(1)}`)
  const missing = report.missing.length > 0 ? [`Missing: ${report.missing.join(', ')}.`, ''] : []
  return [
    `### ${title}: ${verdict(report.ok)}`,
    '',
    `${report.compared} of ${report.reference} rows of the reference compared; ${report.extraCount} annotations are not in it.`,
    '',
    '| Check | Value | Limit | |',
    '| --- | ---: | ---: | --- |',
    ...lines,
    '',
    `Largest differences: ${largest.join(', ')}.`,
    '',
    ...missing,
  ].join('\n')
}

/** The comparison with the truth as Markdown. */
export function truthMarkdown(report: TruthReport, title = 'Validation against the truth'): string {
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`
  return [
    `### ${title}: ${verdict(report.ok)}`,
    '',
    `| At an FDR of ${percent(report.level)} | |`,
    '| --- | ---: |',
    `| ions that can be annotated | ${report.annotatable} |`,
    `| of them found (recall) | ${report.recalled} (${percent(report.recall)}) |`,
    `| annotated ions | ${report.annotations} |`,
    `| of these searched for in the signal of an ion that is there, and not to be told apart | ${report.indistinguishable} |`,
    `| not really there | ${report.falseDiscoveries} (${percent(report.falseDiscoveryProportion)}, by chance ${percent(report.interval[0])} to ${percent(report.interval[1])}) |`,
    `| estimated | ${percent(report.estimated)} |`,
    '',
  ].join('\n')
}
