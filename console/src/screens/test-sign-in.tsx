import { PageHeader } from '../components/page-header.tsx'

export function TestSignInScreen() {
  return <PageHeader title="Test sign-in" />
}
