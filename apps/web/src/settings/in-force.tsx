import { sourceTitle } from '../lib/config'
import type { ConfigReport } from '../server/runner'

/** The options that have a value and where each comes from, and the names of the others. */
export function InForce({ config }: { config: ConfigReport }) {
  const { options, sources, file } = config
  const set = config.keys.filter((key) => options[key] !== undefined)
  const keys = set.sort((a, b) => Number(b in sources) - Number(a in sources))
  const unset = config.keys.filter((key) => options[key] === undefined)
  return (
    <section aria-labelledby="in-force">
      <h2 id="in-force" className="mb-1 font-semibold text-lg">
        In force
      </h2>
      <p className="mb-3 max-w-3xl text-[13px] text-ink-2">
        The first that says something counts: code, the notebook, an environment variable, the file, the default.{' '}
        {file ? (
          <>
            The file is <code className="break-all">{file}</code>.
          </>
        ) : (
          'There is no configuration file.'
        )}
      </p>
      <div className="overflow-hidden rounded-lg border border-line bg-surface">
        <table className="w-full border-collapse text-[13px]" data-testid="in-force">
          <thead>
            <tr className="border-line border-b bg-sunken text-left text-ink-2 text-xs">
              <th scope="col" className="h-8 px-3 font-medium">
                Option
              </th>
              <th scope="col" className="px-3 font-medium">
                Value
              </th>
              <th scope="col" className="px-3 font-medium">
                From
              </th>
            </tr>
          </thead>
          <tbody>
            {keys.map((key) => (
              <tr key={key} className="border-line border-b align-top last:border-b-0">
                <th scope="row" className="px-3 py-1.5 text-left font-mono font-normal">
                  {key}
                </th>
                <td className="w-full break-all px-3 py-1.5 font-mono">
                  {typeof options[key] === 'string' ? options[key] : JSON.stringify(options[key])}
                </td>
                <td className="whitespace-nowrap px-3 py-1.5 text-ink-2" title={sources[key]}>
                  {sourceTitle(sources[key])}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="mt-2 text-ink-2 text-xs">
        Not set: <span className="font-mono">{unset.join(', ')}</span>
      </p>
    </section>
  )
}
