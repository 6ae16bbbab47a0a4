import { PageHeader } from '../components/page-header.tsx'

export function OverviewScreen() {
  return <PageHeader title="Overview" />
}
