import { PageHeader } from '../components/page-header.tsx'

export function OrganizationScreen() {
  return <PageHeader title="Organization" />
}
