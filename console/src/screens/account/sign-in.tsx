import { getRouteApi, Link } from '@tanstack/react-router'
import { goTo } from '../../continue-to.ts'
import { AccountPage } from './account-page.tsx'
import { SignInForm } from './sign-in-form.tsx'
import { useSignedInElsewhere } from './signed-in-elsewhere.ts'

const route = getRouteApi('/sign-in')

export function SignInScreen() {
  // `again`: an app wants a fresh sign-in, or another account; who is signed in already is asked all the same.
  const { continue: continueAt, email, again } = route.useSearch()
  useSignedInElsewhere(() => again || goTo(continueAt))

  return (
    <AccountPage
      title="Sign in"
      description={
        again ? 'Confirm who you are, or use another account.' : 'To the console of your agents and applications.'
      }
      foot={
        <>
          New here?{' '}
          <Link to="/sign-up" search={{ continue: continueAt, email }} className="link">
            Create an account
          </Link>
        </>
      }
    >
      <SignInForm {...(email !== undefined && { email })} continueAt={continueAt} onSignedIn={() => goTo(continueAt)} />
    </AccountPage>
  )
}
