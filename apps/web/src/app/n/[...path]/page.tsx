import type { Metadata } from 'next'
import { pathOfSegments } from '../../../lib/paths'
import { NotebookPage } from './notebook-page'

interface Props {
  params: Promise<{ path: string[] }>
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return {
    title: pathOfSegments((await params).path)
      .split('/')
      .at(-1),
  }
}

export default async function Page({ params }: Props) {
  return <NotebookPage path={pathOfSegments((await params).path)} />
}
