import { Link } from '@tanstack/react-router'
import { Button } from '../components/button.tsx'
import { AccountPage } from './account/account-page.tsx'

export function NotFoundScreen() {
  return (
    <AccountPage title="There is nothing here" description="The address is wrong, or what was here is gone.">
      <Button size="lg" asChild>
        <Link to="/">To the overview</Link>
      </Button>
    </AccountPage>
  )
}
