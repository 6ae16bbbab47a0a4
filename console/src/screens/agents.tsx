import { PageHeader } from '../components/page-header.tsx'

export function AgentsScreen() {
  return <PageHeader title="Agents" />
}
