import { Home } from './_home/home'

export default function HomePage() {
  return <Home />
}
