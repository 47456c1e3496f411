import type { Metadata } from 'next'
import { RunsList } from '../../monitor/runs-list'

export const metadata: Metadata = { title: 'Runs' }

export default function RunsRoute() {
  return <RunsList />
}
