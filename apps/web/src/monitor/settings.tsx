import { formatCount } from '../lib/format'
import type { RunFeed } from './feed'
import { formatSize } from './format'
import { PlainTable, ROW_LOOK, Td, Th } from './tables'

/** What the run was started with: executor settings, and the machine it ran from. */
export function Settings({ feed }: { feed: RunFeed }) {
  const { created, workers } = feed.model
  if (!created) return null
  const { host } = created
  const lines: [string, string][] = [
    ['Run', created.runId],
    ['Started', new Date(created.at).toLocaleString('en-GB')],
    ['Backend', created.backend],
    ['Storage', created.storage],
    [
      'Host',
      `${host.platform}, Node ${host.node}, ${host.cpus} CPUs, ${formatSize(host.memory)} of memory, process ${host.pid}`,
    ],
    ['Workers seen', formatCount(workers.length)],
    ...Object.entries(created.settings).map(([key, value]): [string, string] => [key, show(value)]),
  ]
  return (
    <PlainTable
      label="Settings"
      head={
        <>
          <Th>Setting</Th>
          <Th>Value</Th>
        </>
      }
    >
      {lines.map(([key, value]) => (
        <tr key={key} className={ROW_LOOK}>
          <Td className="text-ink-2">{key}</Td>
          <Td className="w-full whitespace-pre-wrap! break-all font-mono">{value}</Td>
        </tr>
      ))}
    </PlainTable>
  )
}

const show = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
