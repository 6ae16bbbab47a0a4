import { PageHeader } from '../components/page-header.tsx'

export function AuditScreen() {
  return <PageHeader title="Audit" />
}
