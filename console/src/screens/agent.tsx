import { PageHeader } from '../components/page-header.tsx'

export function AgentScreen() {
  return <PageHeader title="Agent" />
}
