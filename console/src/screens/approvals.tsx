import { PageHeader } from '../components/page-header.tsx'

export function ApprovalsScreen() {
  return <PageHeader title="Approvals" />
}
