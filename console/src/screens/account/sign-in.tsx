import { getRouteApi, Link } from '@tanstack/react-router'
import { goTo } from '../../continue-to.ts'
import { AccountPage } from './account-page.tsx'
import { SignInForm } from './sign-in-form.tsx'
import { useSignedInElsewhere } from './signed-in-elsewhere.ts'

const route = getRouteApi('/sign-in')

export function SignInScreen() {
  const { continue: continueAt } = route.useSearch()
  useSignedInElsewhere(() => goTo(continueAt))

  return (
    <AccountPage
      title="Sign in"
      description="To the console of your agents and applications."
      foot={
        <>
          New here?{' '}
          <Link to="/sign-up" search={{ continue: continueAt }} className="link">
            Create an account
          </Link>
        </>
      }
    >
      <SignInForm continueAt={continueAt} onSignedIn={() => goTo(continueAt)} />
    </AccountPage>
  )
}
