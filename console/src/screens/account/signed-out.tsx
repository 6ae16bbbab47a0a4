import { Link } from '@tanstack/react-router'
import { Button } from '../../components/button.tsx'
import { AccountPage } from './account-page.tsx'

export function SignedOutScreen() {
  return (
    <AccountPage
      title="You are signed out"
      description="Your agents go on without you. On a computer that others use, close this window too."
    >
      <Button size="lg" asChild>
        <Link to="/sign-in">Sign in again</Link>
      </Button>
    </AccountPage>
  )
}
